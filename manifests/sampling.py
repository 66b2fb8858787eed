"""How often an epoch visits which window: each once, or by weight. Pure; `manifests.order` says when.

With weights, games get visits in proportion to what their windows weigh together, and a game's visits fall on
its windows at equal distances of weight (systematic sampling): a window of twice the weight is visited twice
as often, give or take one, without any dice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Int = NDArray[np.int64]
    Weights = NDArray[np.float64]


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


def rarity(actions: Sequence[NDArray[Any]], power: float = 0.5) -> list[NDArray[np.float64]]:
    """How rare each frame's action states are: the mean over its columns of (1 / frequency) ** power.

    Args:
        actions: per chunk, integral [T, P]: the action state of each of P players.
        power: 0 makes all frames equal, 1 gives every action the same total.
    """
    highest = max((int(chunk.max()) for chunk in actions if chunk.size), default=0)
    counts = np.zeros(highest + 1)
    for chunk in actions:
        counts += np.bincount(chunk.reshape(-1), minlength=highest + 1)
    frequency = np.maximum(counts, 1) / max(counts.sum(), 1)
    return [((1.0 / frequency[chunk]) ** power).mean(axis=1) for chunk in actions]


def damage(percents: Sequence[NDArray[Any]], factor: float = 10.0) -> list[NDArray[np.float64]]:
    """1 for a frame, `factor` for one in which somebody's percent rises.

    Args:
        percents: per chunk, [T, P].
        factor: how much more such a frame counts.
    """
    return [
        np.where((np.diff(chunk, axis=0, prepend=chunk[:1]) > 0).any(axis=1), factor, 1.0)
        for chunk in percents
    ]
