"""Measure foreground motion picture by picture as pictures arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align.motion.flow import measure_flow
from workers.align.motion.flow_maps import FlowMaps, join
from workers.align.motion.picture_order import NUM_BEFORE
from workers.align.motion.thumbnails import thumbnail

if TYPE_CHECKING:
    import numpy.typing as npt

_BATCH: Final = 8  # pictures that are processed at once: few enough to stay in the processor's cache


class FlowMeter:
    """Takes pictures one at a time, in order, and keeps flow maps of them: about 700 bytes per picture."""

    def __init__(self) -> None:
        self._waiting: list[npt.NDArray[np.uint8]] = []
        self._before: list[npt.NDArray[np.uint8]] = []
        self._parts: list[FlowMaps] = []

    def add(self, luma: npt.NDArray[np.uint8]) -> None:
        """Measure the next picture, uint8 [H, W] of any size."""
        self.add_thumbnail(thumbnail(luma))

    def add_thumbnail(self, small: npt.NDArray[np.uint8]) -> None:
        """Measure the next picture, already shrunk by `thumbnail`: uint8 [56, 80]."""
        self._waiting.append(small)
        if len(self._waiting) == _BATCH:
            self._work()

    def maps(self) -> FlowMaps:
        """Return the maps of all pictures so far; in the first one nothing moves."""
        if self._waiting:
            self._work()
        self._parts = [join(self._parts)]
        return self._parts[0]

    def _work(self) -> None:
        before = self._before or self._waiting[:1] * NUM_BEFORE  # nothing moved before the first picture
        thumbnails = [*before, *self._waiting]
        self._before, self._waiting = thumbnails[-NUM_BEFORE:], []
        self._parts.append(measure_flow(np.stack(thumbnails)))
