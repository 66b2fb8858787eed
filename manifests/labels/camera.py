"""The camera of every frame, which converts positions on the stage to positions in the picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class Camera:
    """A camera that looks straight at the plane in which fighters move, over T frames.

    Attributes:
        x: float64 [T], horizontal position on the stage at the picture's centre, Melee units.
        y: float64 [T], vertical position there, up positive.
        pixels_per_unit: float64 [T], above 0.
        is_known: bool [T], False where the other arrays mean nothing.
        centre_column: which column of the picture shows x, pixels from its left edge.
        centre_row: which row shows y, pixels from its top edge.

    Raises:
        ValueError: the arrays differ in length, or a known scale is not above 0.
    """

    x: NDArray[np.float64] = field(repr=False)
    y: NDArray[np.float64] = field(repr=False)
    pixels_per_unit: NDArray[np.float64] = field(repr=False)
    is_known: NDArray[np.bool_] = field(repr=False)
    centre_column: float
    centre_row: float

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.x, self.y, self.pixels_per_unit, self.is_known)}
        if len(shapes) != 1 or self.x.ndim != 1:
            message = f"a camera has four arrays [T] of one length, got {sorted(shapes)}"
            raise ValueError(message)
        if not (self.pixels_per_unit[self.is_known] > 0).all():
            message = "a camera that is known shows a unit as some pixels, more than 0"
            raise ValueError(message)

    def columns(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert positions x [..., T] to columns, float64 [..., T], which may lie outside of the picture."""
        return self.centre_column + (x - self.x) * self.pixels_per_unit

    def rows(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert heights y [..., T] to rows, float64 [..., T], which may lie outside of the picture."""
        return self.centre_row - (y - self.y) * self.pixels_per_unit


def unknown_camera(num_frames: int) -> Camera:
    """Make a camera that is unknown in every frame."""
    nothing = np.zeros(num_frames)
    return Camera(nothing, nothing, nothing, np.zeros(num_frames, bool), 0.0, 0.0)
