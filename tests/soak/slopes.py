"""Computes how much a quantity grows per game, with a 95 % confidence interval, by pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

NUM_BLOCKS: Final = 40
LEAST_BLOCKS: Final = 4
WARM_SHARE: Final = 0.05
"""Share of the games that is left out at the beginning, where code is loaded and caches are filled once."""

# Student's t for 95 %, two-sided, by degrees of freedom; between two, the smaller number of degrees counts.
_T95: Final = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    8: 2.306,
    10: 2.228,
    15: 2.131,
    20: 2.086,
    30: 2.042,
}


@dataclass(frozen=True)
class Slope:
    """Growth of a quantity per game, its confidence interval, and its level at the start."""

    per_game: float
    low: float
    high: float
    level: float

    def is_above(self, allowed: float) -> bool:
        """Whether even the lower end of the interval is more than what is allowed."""
        return self.low > allowed


def slope(
    games: Sequence[float], values: Sequence[float], at_work: Sequence[float], num_blocks: int = NUM_BLOCKS
) -> Slope:
    """Fit a line through the means of blocks of games.

    Consecutive samples are alike, so a fit through all of them would give too small an interval. The means
    of blocks are nearly independent. A busier machine changes for how much of a game's time its emulator
    runs, and with it what the run uses, so the number of processes is fitted as well as that of the games.

    Args:
        games: games done at each sample.
        values: the quantity at each sample.
        at_work: processes of the run at each sample.
        num_blocks: how many blocks the games are divided into.

    Raises:
        ValueError: fewer than four blocks have a sample.
    """
    x, y, z = (np.asarray(each, np.float64) for each in (games, values, at_work))
    is_warm = x >= x.max(initial=0) * WARM_SHARE
    x, y, z = x[is_warm], y[is_warm], z[is_warm]
    span = x.max(initial=1) - x.min(initial=0)
    blocks = np.minimum(((x - x.min(initial=0)) / max(span, 1) * num_blocks).astype(int), num_blocks - 1)
    used = np.unique(blocks)
    if used.size < LEAST_BLOCKS:
        message = f"{used.size} blocks of games have a sample; a slope with an interval needs {LEAST_BLOCKS}"
        raise ValueError(message)
    x, y, z = (np.array([each[blocks == block].mean() for block in used]) for each in (x, y, z))
    # The parts of the number of games and of the quantity that the number of processes does not explain.
    centred, rest = _without(x, z), _without(y, z)
    spread = float(centred @ centred)
    per_game = float(centred @ rest) / spread
    rest = rest - per_game * centred
    degrees = used.size - 3
    half = _t95(degrees) * math.sqrt(float(rest @ rest) / degrees / spread)
    return Slope(per_game, per_game - half, per_game + half, float(y.mean()))


def _without(values: np.ndarray, cause: np.ndarray) -> np.ndarray:
    """Subtract the mean, and the part that is proportional to a cause."""
    values, cause = values - values.mean(), cause - cause.mean()
    spread = float(cause @ cause)
    return values - cause * (float(cause @ values) / spread) if spread > 0 else values


def _t95(degrees: int) -> float:
    return next(value for known, value in sorted(_T95.items(), reverse=True) if known <= degrees)
