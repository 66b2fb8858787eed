"""The motion seen around given places on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align.motion.maps import GRID_COLUMNS, GRID_ROWS, MAX_SHIFT, SHIFT_SCALE

if TYPE_CHECKING:
    import numpy.typing as npt

    from workers.align.motion.maps import FlowMaps

    Floats = npt.NDArray[np.float32]

_REACH_CELLS: Final = 1.3  # standard deviation, in cells, of how far around a place motion counts as its own
_LEAST_STRENGTH: Final = 4.0  # weighted strength under which a local shift is drawn towards zero


@dataclass(frozen=True, slots=True, eq=False)
class Foreground:
    """Flow maps made ready for being asked about places: float32 [T, 14, 16] each.

    Attributes:
        strength: how much moves in each cell.
        right: strength times shift to the right, thumbnail pixels.
        down: strength times shift downwards.
    """

    strength: Floats
    right: Floats
    down: Floats

    @classmethod
    def of(cls, maps: FlowMaps, pictures: npt.NDArray[np.intp] | None = None) -> Foreground:
        """Prepare all pictures, or those chosen."""
        chosen = slice(None) if pictures is None else pictures
        strength = maps.strength[chosen].astype(np.float32)
        scaled = strength / np.float32(SHIFT_SCALE)
        return cls(strength, scaled * maps.right[chosen], scaled * maps.down[chosen])

    def seen_at(self, column: Floats, row: Floats) -> tuple[Floats, Floats, Floats]:
        """Return what is seen around places in the grid: shift right, shift down, and how much stirs.

        Each is float32 [E, T]; the shifts in pixels, the third as a logarithm of strength.

        Args:
            column: float32 [E, T], in cells from the left.
            row: float32 [E, T], in cells from the top.
        """
        right, down, stir = np.empty_like(column), np.empty_like(column), np.empty_like(column)
        for entity in range(column.shape[0]):
            across = _nearness(column[entity], GRID_COLUMNS)
            along = _nearness(row[entity], GRID_ROWS)
            strength = _weighted(self.strength, along, across)
            stir[entity] = np.log1p(strength)
            total = strength + np.float32(_LEAST_STRENGTH)
            right[entity] = _weighted(self.right, along, across) / total
            down[entity] = _weighted(self.down, along, across) / total
        return np.clip(right, -MAX_SHIFT, MAX_SHIFT), np.clip(down, -MAX_SHIFT, MAX_SHIFT), stir

    def seen_overall(self) -> tuple[Floats, Floats, Floats]:
        """Return the same for the whole picture, each float32 [T]; what moves more than most counts."""
        usual = np.median(self.strength, axis=(1, 2), keepdims=True)
        outstanding = np.clip(self.strength - usual, 0, None) / np.maximum(self.strength, 1)
        total = (self.strength * outstanding).sum(axis=(1, 2)) + np.float32(_LEAST_STRENGTH)
        right: Floats = (self.right * outstanding).sum(axis=(1, 2)) / total
        down: Floats = (self.down * outstanding).sum(axis=(1, 2)) / total
        return right, down, np.log1p(self.strength.sum(axis=(1, 2)))


def _nearness(place: Floats, num_cells: int) -> Floats:
    """Weight of each cell along one axis, float32 [T, num_cells]."""
    middle = np.arange(num_cells, dtype=np.float32) + np.float32(0.5)
    distance = (middle - place[:, None]) / np.float32(_REACH_CELLS)
    near: Floats = np.exp(np.float32(-0.5) * np.square(distance))
    return near


def _weighted(maps: Floats, along: Floats, across: Floats) -> Floats:
    """Sum [T, 14, 16] with weights [T, 14] and [T, 16]: float32 [T]."""
    rows = np.matmul(maps, across[:, :, None])[:, :, 0]
    summed: Floats = np.einsum("tr,tr->t", rows, along)
    return summed
