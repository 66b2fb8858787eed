"""How often an epoch visits which window: each once, or by weight. Pure; `order` says when.

With weights, games get visits in proportion to what their windows weigh together, and a game's visits fall on
its windows at equal distances of weight (systematic sampling): a window of twice the weight is visited twice
as often, give or take one, without any dice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Int = NDArray[np.int64]
    Weights = NDArray[np.float64]

_NUM_ACTIONS: Final = 1 << 16


@dataclass(frozen=True, eq=False, slots=True)
class Sampling:
    """Which window each visit of a game is.

    Attributes:
        game_offset: int64 [G + 1], number of the first window of each game.
        visits: int64 [G].
        cumulative: float64 [N], the weights' running sum; None if each window is visited once.
    """

    game_offset: Int
    visits: Int
    cumulative: Weights | None = None

    @property
    def sha256(self) -> str:
        """Tells it from any other sampling."""
        parts = [self.game_offset, self.visits] + ([] if self.cumulative is None else [self.cumulative])
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()

    @classmethod
    def uniform(cls, game_offset: Int) -> Sampling:
        """Every window once."""
        return cls(game_offset, np.diff(game_offset))

    @classmethod
    def weighted(cls, game_offset: Int, weights: Weights, num_visits: int | None = None) -> Sampling:
        """By weight; as many visits as there are windows, unless said otherwise.

        Raises:
            ValueError: not a weight for every window, none above 0, or one that is negative or no number.
        """
        num_windows = int(game_offset[-1])
        if weights.shape != (num_windows,) or not np.isfinite(weights).all() or (weights < 0).any():
            message = f"want {num_windows} weights of 0 or more, got {weights.shape}"
            raise ValueError(message)
        cumulative = np.cumsum(weights, dtype=np.float64)
        if not num_windows or cumulative[-1] <= 0:
            message = "no window has a weight above 0"
            raise ValueError(message)
        sums = np.diff(np.concatenate([[0.0], cumulative])[game_offset])
        share = sums / sums.sum() * (num_visits or num_windows)
        visits = np.floor(share).astype(np.int64)
        missing = round(float(share.sum())) - int(visits.sum())
        visits[np.argsort(-(share - visits), kind="stable")[:missing]] += 1
        return cls(game_offset, visits, cumulative)

    def windows(self, game: Int, visit: Int) -> Int:
        """The window of each (game, visit), int64 [K]."""
        first = self.game_offset[game]
        if self.cumulative is None:
            return first + visit
        before = np.where(first > 0, self.cumulative[np.maximum(first - 1, 0)], 0.0)
        end = self.game_offset[game + 1]
        total = self.cumulative[end - 1] - before
        at = before + (visit + 0.5) / self.visits[game] * total
        return np.clip(np.searchsorted(self.cumulative, at, side="right"), first, end - 1)


def by_character(
    characters: Sequence[Sequence[str]], game_offset: Int, wanted: Mapping[str, float]
) -> Weights:
    """Weights by who plays: a game counts as the sum over its players; 1 for a character not named.

    Args:
        characters: of each game, as in the games table.
        game_offset: see Sampling.
        wanted: weight by character.
    """
    of_game = np.array([sum(wanted.get(name, 1.0) for name in names) / len(names) for names in characters])
    return np.repeat(of_game, np.diff(game_offset))


def by_balance(characters: Sequence[Sequence[str]], game_offset: Int) -> Weights:
    """Weights under which every character is seen about as often as any other."""
    per_game = np.diff(game_offset)
    seen: dict[str, int] = {}
    for names, count in zip(characters, per_game.tolist(), strict=True):
        for name in names:
            seen[name] = seen.get(name, 0) + count
    wanted = {name: 1.0 / count for name, count in seen.items() if count}
    return by_character(characters, game_offset, wanted)


def count_actions(actions: NDArray[Any]) -> Int:
    """How often each action state occurs, int64 [65536]; counts of several chunks may be added.

    Args:
        actions: integral [T, P]: the action state of each of P players, as uint16 holds them.
    """
    return np.bincount(actions.reshape(-1), minlength=_NUM_ACTIONS)


def rarity(actions: NDArray[Any], counts: Int, power: float = 0.5) -> Weights:
    """How rare each frame's action states are, [T]: the mean over its columns of (1 / frequency) ** power.

    Args:
        actions: integral [T, P].
        counts: of all frames, from `count_actions`.
        power: 0 makes all frames equal, 1 gives every action the same total.
    """
    frequency = np.maximum(counts, 1) / max(int(counts.sum()), 1)
    mean: Weights = ((1.0 / frequency[actions]) ** power).mean(axis=1)
    return mean


def damage(percents: NDArray[Any], factor: float = 10.0) -> Weights:
    """1 for a frame, `factor` for one in which somebody's percent rises, [T].

    Args:
        percents: [T, P].
        factor: how much more such a frame counts.
    """
    return np.where((np.diff(percents, axis=0, prepend=percents[:1]) > 0).any(axis=1), factor, 1.0)


def window_means(of_frames: Weights, starts: Int, steps: Int) -> Weights:
    """What windows weigh: each the mean of its steps' frames, [W].

    Args:
        of_frames: [T], a chunk's.
        starts: int64 [W], the first frame of each window.
        steps: int64 [S], the steps' frames, counted from there.
    """
    mean: Weights = of_frames[starts[:, None] + steps].mean(axis=1)
    return mean
