"""Pictures painted here instead of by an emulator: a stamp and a moving bar, enough for capture's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.stamp import paint_stamp
from workers.emulator.contract import CURRENT_FRAME, HEIGHT, TAIL_PICTURES, WIDTH, LogLine, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.emulator.contract import Yuv


def painted(slp_frame: int) -> Yuv:
    """A grey picture with a bar that moves with the frame, and its stamp."""
    yuv = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    left = (slp_frame + 123) * 3 % (WIDTH - 40)
    yuv[200:260, left : left + 40] = 200
    paint_stamp(yuv[:HEIGHT], slp_frame)
    return yuv


def played(shown: Sequence[int], num_tail: int = TAIL_PICTURES) -> Iterator[Picture | LogLine]:
    """What an emulator would yield that shows these slp_frames, then holds the last one."""
    for capture_index, slp_frame in enumerate([*shown, *[shown[-1]] * num_tail]):
        if capture_index < len(shown):
            yield LogLine(capture_index - 1, f"{CURRENT_FRAME} {slp_frame}")
        yield Picture(capture_index, painted(slp_frame))
