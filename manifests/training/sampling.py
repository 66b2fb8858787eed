"""How often an epoch visits each window: once, or by weight. `manifests.training.order` says when.

With weights, each game gets visits in proportion to the sum of its windows' weights. Within a game, visits
are dealt by systematic sampling: at equal distances along the running sum of the weights. So a window of
twice the weight is visited twice as often, give or take one visit, and nothing is left to chance.
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
    """Which window each visit to a game is.

    Attributes:
        game_offset: int64 [G + 1], the number of each game's first window; at the end, of all windows.
        visits: int64 [G], how often each game is visited in an epoch.
        cumulative: float64 [number of windows], the running sum of the weights; None if there are none, and
            each window is visited once.
    """

    game_offset: Int
    visits: Int
    cumulative: Weights | None = None

    @property
    def sha256(self) -> str:
        """Hash of everything that decides which windows are visited."""
        parts = [self.game_offset, self.visits] + ([] if self.cumulative is None else [self.cumulative])
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()

    @classmethod
    def uniform(cls, game_offset: Int) -> Sampling:
        """Visit every window once."""
        return cls(game_offset, np.diff(game_offset))

    @classmethod
    def weighted(cls, game_offset: Int, weights: Weights, num_visits: int | None = None) -> Sampling:
        """Visit windows in proportion to their weights.

        Args:
            game_offset: as in the class.
            weights: float64 [number of windows], finite and not negative.
            num_visits: visits of an epoch; as many as there are windows by default.

        Raises:
            ValueError: the weights are of another shape, negative, not finite, or all zero.
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
        # What rounding down left over goes to the games that lost most by it.
        missing = round(float(share.sum())) - int(visits.sum())
        visits[np.argsort(-(share - visits), kind="stable")[:missing]] += 1
        return cls(game_offset, visits, cumulative)

    def windows(self, game: Int, visit: Int) -> Int:
        """Find the window of each pair of game and visit, int64 [K]."""
        first = self.game_offset[game]
        if self.cumulative is None:
            return first + visit
        before = np.where(first > 0, self.cumulative[np.maximum(first - 1, 0)], 0.0)
        end = self.game_offset[game + 1]
        total = self.cumulative[end - 1] - before
        # The middle of each visit's part of the game's weight; where it falls, there is the window.
        at = before + (visit + 0.5) / self.visits[game] * total
        return np.clip(np.searchsorted(self.cumulative, at, side="right"), first, end - 1)


def by_character(
    characters: Sequence[Sequence[str]], game_offset: Int, wanted: Mapping[str, float]
) -> Weights:
    """Weigh windows by who plays: a game weighs what its players weigh on average.

    Args:
        characters: names of the characters of each game, as in the games table.
        game_offset: as in `Sampling`.
        wanted: weight by character; characters that are not named weigh 1.

    Returns:
        float64 [number of windows].
    """
    of_game = np.array([sum(wanted.get(name, 1.0) for name in names) / len(names) for names in characters])
    return np.repeat(of_game, np.diff(game_offset))


def by_balance(characters: Sequence[Sequence[str]], game_offset: Int) -> Weights:
    """Weigh windows so that every character is seen about as often as any other; float64 [windows]."""
    per_game = np.diff(game_offset)
    seen: dict[str, int] = {}
    for names, count in zip(characters, per_game.tolist(), strict=True):
        for name in names:
            seen[name] = seen.get(name, 0) + count
    wanted = {name: 1.0 / count for name, count in seen.items() if count}
    return by_character(characters, game_offset, wanted)


def count_actions(actions: NDArray[Any]) -> Int:
    """Count how often each action state occurs, int64 [65536]; counts of several chunks may be added.

    Args:
        actions: integral [T, P]: the action state of each of P players, as uint16 holds them.
    """
    return np.bincount(actions.reshape(-1), minlength=_NUM_ACTIONS)


def rarity(actions: NDArray[Any], counts: Int, power: float = 0.5) -> Weights:
    """Say how rare each frame's action states are, [T]: the players' mean of (1 / frequency) ** power.

    Args:
        actions: integral [T, P]: the action state of each of P players.
        counts: how often each action occurs in the whole dataset, from `count_actions`.
        power: 0 makes all frames equal, 1 gives every action the same total.
    """
    frequency = np.maximum(counts, 1) / max(int(counts.sum()), 1)
    mean: Weights = ((1.0 / frequency[actions]) ** power).mean(axis=1)
    return mean


def damage(percents: NDArray[Any], factor: float = 10.0) -> Weights:
    """Weigh frames, [T]: `factor` where somebody's percent rises, 1 elsewhere.

    Args:
        percents: [T, P]: the damage of each of P players.
        factor: how much more such a frame counts.
    """
    return np.where((np.diff(percents, axis=0, prepend=percents[:1]) > 0).any(axis=1), factor, 1.0)


def window_means(of_frames: Weights, starts: Int, steps: Int) -> Weights:
    """Weigh the windows of a chunk, [W]: each by the mean of its steps' frames.

    Args:
        of_frames: [T], the weight of each of the chunk's frames.
        starts: int64 [W], the first frame of each window.
        steps: int64 [S], the frame of each step, counted from the window's first frame.
    """
    mean: Weights = of_frames[starts[:, None] + steps].mean(axis=1)
    return mean
