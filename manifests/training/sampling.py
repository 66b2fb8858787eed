"""Decide how often an epoch visits each window: once, or by weight. `manifests.training.order` decides when.

With weights, each game gets visits in proportion to the sum of its windows' weights. Within a game, visits
are dealt by systematic sampling: at equal distances along the running sum of the weights. So a window of
twice the weight is visited twice as often, give or take one visit, and nothing is left to chance. There may
also be one weight per game, which then holds for all its windows; that takes no memory per window.
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
    """Says which window each visit to a game shows.

    Attributes:
        game_offset: int64 [G + 1], the number of each game's first window; at the end, of all windows.
        visits: int64 [G], how often each game is visited in an epoch.
        cumulative: float32 [number of windows], the running sum of the weights of each game's windows, as a
            share of the game's sum; None if all windows of a game have the same weight.
    """

    game_offset: Int
    visits: Int
    cumulative: NDArray[np.float32] | None = None

    @property
    def sha256(self) -> str:
        """Hash of everything that decides which windows are visited."""
        parts = [self.game_offset, self.visits] + ([] if self.cumulative is None else [self.cumulative])
        digest = hashlib.sha256()
        for part in parts:
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()

    @classmethod
    def uniform(cls, game_offset: Int) -> Sampling:
        """Visit every window once."""
        return cls(game_offset, np.diff(game_offset))

    @classmethod
    def weighted(
        cls, game_offset: Int, weights: NDArray[np.floating[Any]], num_visits: int | None = None
    ) -> Sampling:
        """Visit windows in proportion to their weights.

        Args:
            game_offset: as in the class.
            weights: float [number of windows], or [number of games] for what each window of a game weighs;
                finite and not negative. If there are as many windows as games, they are those of windows.
            num_visits: visits of an epoch; as many as there are windows by default.

        Raises:
            ValueError: the weights are of another shape, negative, not finite, or all zero.
        """
        num_windows, per_game = int(game_offset[-1]), np.diff(game_offset)
        is_sound = bool((np.isfinite(weights) & (weights >= 0)).all())
        if weights.shape not in ((num_windows,), per_game.shape) or not is_sound:
            message = (
                f"want {num_windows} weights of windows, or {per_game.size} of games, of 0 or more; got "
                f"{weights.dtype} {weights.shape}"
            )
            raise ValueError(message)
        # If every game has one window, weights per window and weights per game are the same.
        of_games = weights.shape == per_game.shape and (num_windows != per_game.size or (per_game == 1).all())
        sums = (weights * per_game).astype(np.float64) if of_games else _sums(weights, game_offset)
        if sums.sum() <= 0:
            message = "no window has a weight above 0"
            raise ValueError(message)
        share = sums / sums.sum() * (num_visits or num_windows)
        visits = np.floor(share).astype(np.int64)
        # The visits that were lost by rounding down go to the games that lost most by it.
        missing = round(float(share.sum())) - int(visits.sum())
        visits[np.argsort(-(share - visits), kind="stable")[:missing]] += 1
        return cls(game_offset, visits, None if of_games else _running_shares(weights, game_offset, sums))

    def windows(self, game: Int, visit: Int) -> Int:
        """Find the window of each pair of game and visit, int64 [K]."""
        first, end = self.game_offset[game], self.game_offset[game + 1]
        if self.cumulative is None and (self.visits[game] == end - first).all():
            return first + visit
        # Each visit owns an equal part of the game's weight; the window in which the part's middle falls is
        # shown.
        at = (visit + 0.5) / self.visits[game]
        if self.cumulative is None:
            return np.minimum(first + (at * (end - first)).astype(np.int64), end - 1)
        low, high = first.copy(), end - 1
        # Bisection: find the first window whose running share is above `at`.
        while (open_ := low < high).any():
            middle = (low + high) // 2
            is_below = open_ & (self.cumulative[middle] <= at)
            high = np.where(open_ & ~is_below, middle, high)
            low = np.where(is_below, middle + 1, low)
        return low


def _sums(weights: NDArray[np.floating[Any]], game_offset: Int) -> Weights:
    """Add up the weights of each game's windows, float64 [G]."""
    sums = np.zeros(game_offset.size - 1, np.float64)
    has_windows = np.diff(game_offset) > 0
    sums[has_windows] = np.add.reduceat(weights, game_offset[:-1][has_windows], dtype=np.float64)
    return sums


def _running_shares(
    weights: NDArray[np.floating[Any]], game_offset: Int, sums: Weights
) -> NDArray[np.float32]:
    """Add up each game's weights from its first window on, as shares of the game's sum, float32 [windows]."""
    running = np.empty(weights.size, np.float32)
    # One sum per game, because one running sum over all games would need float64, twice the memory.
    for first, end, total in zip(
        game_offset[:-1].tolist(), game_offset[1:].tolist(), sums.tolist(), strict=True
    ):
        if total > 0:
            running[first:end] = np.cumsum(weights[first:end], dtype=np.float64) / total
        else:
            running[first:end] = 1.0
    return running


def by_character(characters: Sequence[Sequence[str]], wanted: Mapping[str, float]) -> Weights:
    """Weigh games by their characters: a game's weight is the average weight of its players' characters.

    Args:
        characters: names of the characters of each game, as in the games table.
        wanted: weight by character; characters that are not named weigh 1.

    Returns:
        float64 [number of games], the weight of each window of a game.
    """
    return np.array([sum(wanted.get(name, 1.0) for name in names) / len(names) for names in characters])


def by_balance(characters: Sequence[Sequence[str]], game_offset: Int) -> Weights:
    """Weigh games so that every character is seen about as often as any other; float64 [number of games]."""
    seen: dict[str, int] = {}
    for names, count in zip(characters, np.diff(game_offset).tolist(), strict=True):
        for name in names:
            seen[name] = seen.get(name, 0) + count
    wanted = {name: 1.0 / count for name, count in seen.items() if count}
    return by_character(characters, wanted)


def told_apart(of_games: Weights, game_offset: Int) -> Weights:
    """Turn weights of games into weights of windows where both have one length and would be confused.

    Args:
        of_games: float64 [number of games], the weight of each window of a game.
        game_offset: int64 [number of games + 1], as in `Sampling`.
    """
    return np.repeat(of_games, np.diff(game_offset)) if of_games.size == game_offset[-1] else of_games


def count_actions(actions: NDArray[Any]) -> Int:
    """Count how often each action state occurs, int64 [65536]; counts of several chunks may be added.

    Args:
        actions: integral [T, P]: the action state of each of P players, as uint16 holds them.
    """
    return np.bincount(actions.reshape(-1), minlength=_NUM_ACTIONS)


def rarity(actions: NDArray[Any], counts: Int, power: float = 0.5) -> Weights:
    """Measure how rare each frame's action states are, [T]: the players' mean of (1 / frequency) ** power.

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
