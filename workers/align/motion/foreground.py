"""Read from flow maps the motion around given places on the screen, and in the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from workers.align.motion.flow_maps import GRID_COLUMNS, GRID_ROWS, MAX_SHIFT, SHIFT_SCALE

if TYPE_CHECKING:
    import numpy.typing as npt

    from workers.align.motion.flow_maps import FlowMaps

    Floats = npt.NDArray[np.float32]

_REACH_CELLS: Final = 0.7  # standard deviation, in cells, of the area around a place whose motion counts
_CLEARANCE_CELLS: Final = 2.0  # standard deviation, in cells, around a fighter: no background there
_MOST_BACKGROUND: Final = 8.0  # strength at which a cell of the background is clipped
_BACKGROUND_PRIOR: Final = 20.0  # summed strength under which the background's shift is drawn towards zero
_FOOT_ROWS: Final = 2  # rows of the grid at the foot of the picture: a seventh of it
_LEAST_STRENGTH: Final = 4.0  # weighted strength under which a local shift is drawn towards zero


class Seen(NamedTuple):
    """The motion around E places in T pictures, float32 [E, T] each.

    Attributes:
        right: shift to the right, thumbnail pixels.
        down: shift downwards.
        stir: how much changes, as a logarithm of strength.
    """

    right: Floats
    down: Floats
    stir: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Foreground:
    """Flow maps in a form from which the motion at places can be read: float32 [T, 14, 16] each.

    Attributes:
        strength: how much moves in each cell.
        right: strength times shift to the right, thumbnail pixels.
        down: strength times shift downwards.
    """

    strength: Floats
    right: Floats
    down: Floats

    @classmethod
    def of(cls, maps: FlowMaps) -> Foreground:
        """Convert flow maps, which are stored as integers."""
        strength = maps.strength.astype(np.float32)
        scaled = strength / np.float32(SHIFT_SCALE)
        return cls(strength, scaled * maps.right, scaled * maps.down)

    @property
    def num_pictures(self) -> int:
        """How many pictures there are: T."""
        return int(self.strength.shape[0])

    def chosen(self, pictures: slice | npt.NDArray[np.intp]) -> Foreground:
        """Return the chosen pictures; a slice shares memory."""
        return Foreground(self.strength[pictures], self.right[pictures], self.down[pictures])

    def seen_at(self, column: Floats, row: Floats, reach_cells: float = _REACH_CELLS) -> Seen:
        """Return the motion seen around places in the grid.

        Args:
            column: float32 [E, T], in cells from the left.
            row: float32 [E, T], in cells from the top.
            reach_cells: standard deviation of the area around a place whose motion counts.
        """
        right, down, stir = np.empty_like(column), np.empty_like(column), np.empty_like(column)
        for entity in range(column.shape[0]):
            across = _nearness(column[entity], GRID_COLUMNS, reach_cells)
            along = _nearness(row[entity], GRID_ROWS, reach_cells)
            strength = _weighted(self.strength, along, across)
            stir[entity] = np.log(strength + np.float32(_LEAST_STRENGTH))
            total = strength + np.float32(_LEAST_STRENGTH)
            right[entity] = _weighted(self.right, along, across) / total
            down[entity] = _weighted(self.down, along, across) / total
        return Seen(np.clip(right, -MAX_SHIFT, MAX_SHIFT), np.clip(down, -MAX_SHIFT, MAX_SHIFT), stir)

    def background(self, column: Floats, row: Floats) -> Seen:
        """Return the motion seen away from all of these places, float32 [1, T] each.

        Motion that appears there and around a fighter at the same time is not that fighter's, but comes from
        a turning beam of light, a text that appears, or a flash.
        """
        clear = np.ones_like(self.strength)
        for entity in range(column.shape[0]):
            across = _nearness(column[entity], GRID_COLUMNS, _CLEARANCE_CELLS)
            along = _nearness(row[entity], GRID_ROWS, _CLEARANCE_CELLS)
            clear *= 1 - along[:, :, None] * across[:, None, :]
        total = (self.strength * clear).sum(axis=(1, 2)) + np.float32(_BACKGROUND_PRIOR)
        bounded = (np.minimum(self.strength, np.float32(_MOST_BACKGROUND)) * clear).sum(axis=(1, 2))
        mean = bounded / np.maximum(clear.sum(axis=(1, 2)), 1)
        return Seen(
            ((self.right * clear).sum(axis=(1, 2)) / total)[None],
            ((self.down * clear).sum(axis=(1, 2)) / total)[None],
            np.log1p(mean * GRID_ROWS)[None],
        )

    def seen_at_foot(self) -> Floats:
        """Return how much changes where games show percentages, float32 [T], as a logarithm of strength."""
        foot = self.strength[:, -_FOOT_ROWS:].sum(axis=(1, 2))
        stir: Floats = np.log(foot + np.float32(_LEAST_STRENGTH))
        return stir

    def seen_overall(self) -> tuple[Floats, Floats, Floats]:
        """Return shift right, shift down and stir of the whole picture, float32 [T] each.

        Only cells that move more than the median cell count.
        """
        usual = np.median(self.strength, axis=(1, 2), keepdims=True)
        outstanding = np.clip(self.strength - usual, 0, None) / np.maximum(self.strength, 1)
        total = (self.strength * outstanding).sum(axis=(1, 2)) + np.float32(_LEAST_STRENGTH)
        right: Floats = (self.right * outstanding).sum(axis=(1, 2)) / total
        down: Floats = (self.down * outstanding).sum(axis=(1, 2)) / total
        return right, down, np.log1p(self.strength.sum(axis=(1, 2)))


def _nearness(place: Floats, num_cells: int, reach_cells: float) -> Floats:
    """Return the weight of each cell along one axis, float32 [T, num_cells]: a Gaussian around the place."""
    middle = np.arange(num_cells, dtype=np.float32) + np.float32(0.5)
    distance = (middle - place[:, None]) / np.float32(reach_cells)
    near: Floats = np.exp(np.float32(-0.5) * np.square(distance))
    return near


def _weighted(maps: Floats, along: Floats, across: Floats) -> Floats:
    """Sum [T, 14, 16] with weights [T, 14] and [T, 16]: float32 [T]."""
    rows = np.matmul(maps, across[:, :, None])[:, :, 0]
    summed: Floats = np.einsum("tr,tr->t", rows, along)
    return summed
