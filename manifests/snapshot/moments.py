"""Compute mean and deviation of state columns over the frames that have a value; pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.state import schema
from manifests.state.derived import EVERY_ENTITY_DERIVED, FRAME_DERIVED, column_of
from manifests.state.domains import ValueKind
from manifests.state.kinds import domain_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.state.table import StateTable

    Vector = NDArray[np.float64]

_NUM_PLAYERS: Final = 2
_KINDS: Final = (ValueKind.CONTINUOUS, ValueKind.FLAG)


@cache
def statistics_columns() -> tuple[str, ...]:
    """Name the columns that get statistics: all quantities and flags of a two-player game."""
    names = [*schema.table_columns(_NUM_PLAYERS), *(one.name for one in FRAME_DERIVED)]
    for entity in schema.entity_names(_NUM_PLAYERS):
        names += [f"{entity}.{one.name}" for one in EVERY_ENTITY_DERIVED]
    return tuple(name for name in names if domain_of(name).kind in _KINDS and name != "slp_frame")


@dataclass(frozen=True, eq=False, slots=True)
class MaskedMoments:
    """Statistics of D columns over some frames; the statistics of two sets of frames can be added.

    Attributes:
        num_frames: number of frames.
        count: float64 [D], how many frames have a value.
        mean: float64 [D], 0 if no frame has a value.
        deviations: float64 [D], the sum of squared deviations from the mean.
        low: float64 [D], the least value; infinity if there is none.
        high: float64 [D], the largest value; minus infinity if there is none.
    """

    num_frames: int
    count: Vector
    mean: Vector
    deviations: Vector
    low: Vector
    high: Vector

    @classmethod
    def none(cls, num_columns: int) -> MaskedMoments:
        """Make empty statistics, over no frames."""
        zero, far = np.zeros(num_columns), np.full(num_columns, np.inf)
        return cls(0, zero, zero, zero, far, -far)

    @classmethod
    def of(cls, columns: list[tuple[NDArray[Any], NDArray[np.bool_]]]) -> MaskedMoments:
        """Compute the statistics of columns of one length, each with values [T] and validity, bool [T]."""
        parts = [values[valid].astype(np.float64) for values, valid in columns]
        means = [part.mean() if part.size else 0.0 for part in parts]
        return cls(
            num_frames=columns[0][0].size if columns else 0,
            count=np.array([part.size for part in parts], np.float64),
            mean=np.array(means),
            deviations=np.array(
                [((part - mean) ** 2).sum() for part, mean in zip(parts, means, strict=True)], np.float64
            ),
            low=np.array([part.min(initial=np.inf) for part in parts]),
            high=np.array([part.max(initial=-np.inf) for part in parts]),
        )

    def __add__(self, other: MaskedMoments) -> MaskedMoments:
        count = self.count + other.count
        share = np.divide(other.count, count, out=np.zeros_like(count), where=count > 0)
        # Chan's formula, which does not lose precision, as adding sums of squares would.
        apart = other.mean - self.mean
        return MaskedMoments(
            self.num_frames + other.num_frames,
            count,
            self.mean + apart * share,
            self.deviations + other.deviations + apart**2 * self.count * share,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
        )


def game_moments(table: StateTable) -> MaskedMoments:
    """Compute the statistics of `statistics_columns` over the states of a whole two-player game."""
    return MaskedMoments.of([column_of(table, name) for name in statistics_columns()])
