"""Flow maps: the motion in each part of each picture, stored in a few hundred bytes per picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

GRID_ROWS: Final = 14
GRID_COLUMNS: Final = 16
MAX_SHIFT: Final = 1.0
"""The largest shift, in thumbnail pixels, that brightness gradients can measure."""
SHIFT_SCALE: Final = 64
"""Steps of a stored shift per thumbnail pixel; a cell's own shift is stored up to 127 / 64 pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class FlowMaps:
    """Foreground motion of T pictures on a grid; row t is the change from picture t - 1 to picture t.

    Attributes:
        right: int8 [T, 14, 16], shift to the right in 1/64 thumbnail pixels.
        down: int8 [T, 14, 16], shift downwards in 1/64 thumbnail pixels.
        strength: uint8 [T, 14, 16], mean absolute brightness change per pixel that the camera does not
            explain, in half levels.
        onward: int8 [T], how much pictures t - 3 to t continue in one direction: a cosine in 127ths, as
            `picture_order.measure_onward` returns it.

    Raises:
        ValueError: the shapes do not belong together.
    """

    right: npt.NDArray[np.int8]
    down: npt.NDArray[np.int8]
    strength: npt.NDArray[np.uint8]
    onward: npt.NDArray[np.int8]

    def __post_init__(self) -> None:
        shape = (self.right.shape[0], GRID_ROWS, GRID_COLUMNS)
        for name in ("right", "down", "strength"):
            if getattr(self, name).shape != shape:
                message = f"flow map {name} has shape {getattr(self, name).shape}, not {shape}"
                raise ValueError(message)
        if self.onward.shape != shape[:1]:
            message = f"onward has shape {self.onward.shape}, not {shape[:1]}"
            raise ValueError(message)

    @classmethod
    def still(cls, num_pictures: int) -> FlowMaps:
        """Return the maps of pictures in which nothing moves."""
        nothing = np.zeros((num_pictures, GRID_ROWS, GRID_COLUMNS), np.int8)
        return cls(nothing, nothing, nothing.astype(np.uint8), np.zeros(num_pictures, np.int8))

    @property
    def num_pictures(self) -> int:
        """How many pictures there are: T."""
        return int(self.right.shape[0])

    def slice(self, start: int, exclusive_end: int) -> FlowMaps:
        """Return pictures [start, exclusive_end), sharing memory."""
        part = slice(start, exclusive_end)
        return FlowMaps(self.right[part], self.down[part], self.strength[part], self.onward[part])


def join(parts: Sequence[FlowMaps]) -> FlowMaps:
    """Concatenate the maps of consecutive pictures."""
    if not parts:
        return FlowMaps.still(0)
    return FlowMaps(
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.down for part in parts]),
        np.concatenate([part.strength for part in parts]),
        np.concatenate([part.onward for part in parts]),
    )
