"""In which order an epoch visits its windows: a pure function of seed, epoch and the manifest's hash.

There is one sequence of positions for any number of ranks and workers. Windows of one game look alike, so
neighbouring positions should be of different games. To that end the sequence is made of rounds:

    - A round visits a game at most once. With R the most visits that any game has, there are R rounds, and a
      game with v visits takes part in v of them, evenly spread.
    - All games are dealt into buckets, which stay the same through the epoch. A round takes the buckets one
      after the other, and the games of a bucket in random order. So between two visits of one game there are
      at least all other buckets.

There are as many buckets as it takes for `apart` neighbouring positions to hold no game twice. If there are
too few games for that, they take turns.

Nothing here has state: to look up any range of positions costs one or two rounds of arithmetic on arrays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.training.permutation import key_of, mix, permute

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Int = NDArray[np.int64]

DEFAULT_APART: Final = 256


@dataclass(frozen=True, eq=False)
class Order:
    """The order of one epoch.

    Attributes:
        visits: int64 [G], how often each of G games is visited.
        seed: chosen by the user.
        epoch: number of the epoch, from 0.
        manifest_sha256: hash of what is in the dataset, so that another dataset has another order.
        apart: how many neighbouring positions should hold no game twice.

    Raises:
        ValueError: a negative number of visits, or none at all.
    """

    visits: Int
    seed: int
    epoch: int
    manifest_sha256: str
    apart: int = DEFAULT_APART
    _phase: Int = field(init=False, repr=False)
    _key: int = field(init=False, repr=False)
    _bucket: Int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if (self.visits < 0).any() or not self.visits.any():
            message = f"there is nothing to visit: {self.visits.sum()} windows in {self.visits.size} games"
            raise ValueError(message)
        key = key_of(self.seed, self.epoch, self.manifest_sha256)
        games = np.arange(self.visits.size, dtype=np.uint64)
        object.__setattr__(self, "_key", key)
        # A game's phase says in which rounds its visits fall; without it, all games with few visits would
        # take part in the same rounds.
        phase = mix(mix(games + np.uint64(key)) ^ np.uint64(1)) % np.uint64(self.num_rounds)
        object.__setattr__(self, "_phase", phase.astype(np.int64))
        shuffled = permute(games.astype(np.int64), np.full(games.size, games.size), self._keys(games, 2))
        object.__setattr__(self, "_bucket", shuffled * self.num_buckets // games.size)

    @property
    def num_positions(self) -> int:
        """Number of positions of the epoch: the sum of all visits."""
        return int(self.visits.sum())

    @property
    def num_rounds(self) -> int:
        """Number of rounds: the most visits that any game has."""
        return int(self.visits.max())

    @property
    def num_buckets(self) -> int:
        """Number of buckets: two where half a round is enough to keep games apart, otherwise more."""
        # With M buckets, M - 1 of them are between two visits of a game, so `apart` games must fit into M - 1
        # of M parts of a round. The factor leaves a tenth for rounds with fewer games than the average.
        per_round = self.num_positions / self.num_rounds * 0.9
        if per_round >= 2 * self.apart:
            return 2
        if per_round <= self.apart:
            return self.visits.size
        return min(self.visits.size, math.ceil(per_round / (per_round - self.apart)))

    def slice(self, start: int, exclusive_end: int) -> tuple[Int, Int]:
        """Look up the positions [start, exclusive_end).

        Returns:
            The game at each position, and which of the game's visits this is, from 0; int64 [K] each.

        Raises:
            ValueError: that is not a range of positions.
        """
        if not 0 <= start <= exclusive_end <= self.num_positions:
            message = f"[{start}, {exclusive_end}) is no range within {self.num_positions} positions"
            raise ValueError(message)
        number, games, visits = self._round_of(start), [], []
        position = self._before(number)
        while position < exclusive_end:
            game, visit = self.round(number)
            part = slice(max(0, start - position), exclusive_end - position)
            games.append(game[part])
            visits.append(visit[part])
            position, number = position + game.size, number + 1
        empty = np.zeros(0, np.int64)
        return np.concatenate([empty, *games]), np.concatenate([empty, *visits])

    def round(self, number: int) -> tuple[Int, Int]:
        """Give the games of one round in order, and which visit of each game this is; int64 [K] each."""
        before, after = self._visits_before(number), self._visits_before(number + 1)
        game = np.flatnonzero(after > before)
        shuffle = mix(self._keys(game.astype(np.uint64), 3) ^ np.uint64(number))
        game = game[np.lexsort((shuffle, self._bucket[game]))]
        # Otherwise a game's windows would come in the order of time, round by round.
        visit = permute(before[game], self.visits[game], self._keys(game.astype(np.uint64), 4))
        return game, visit

    def _keys(self, games: NDArray[np.uint64], purpose: int) -> NDArray[np.uint64]:
        if purpose == 2:  # noqa: PLR2004 - one permutation over all games, so one key for all
            return np.full(games.size, mix(np.array([self._key ^ purpose], np.uint64))[0])
        return mix(mix(games ^ np.uint64(self._key)) + np.uint64(purpose))

    def _visits_before(self, number: int) -> Int:
        """Count the visits of each game in the rounds before this one, int64 [G]."""
        return (number * self.visits + self._phase) // self.num_rounds

    def _before(self, number: int) -> int:
        return int(self._visits_before(number).sum())

    def _round_of(self, position: int) -> int:
        """Find the last round that starts at or before a position."""
        low, high = 0, self.num_rounds
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._before(middle) <= position else (low, middle)
        return low


@dataclass(frozen=True, slots=True)
class RankShare:
    """Which positions of an epoch one rank takes, batch by batch; every rank has as many batches.

    At each step, all ranks together take the next `world_size * batch_size` positions, beginning with
    position `begin`. Of these, rank r takes those whose distance from `begin` is r modulo world_size.

    Attributes:
        num_positions: number of positions of the epoch.
        batch_size: positions per batch of one rank.
        rank: number of this rank, from 0.
        world_size: number of ranks.
        begin: the position with which this share begins: 0, or where an earlier run stopped.
        drop_last: leave out the last positions that do not fill a batch on every rank; otherwise fill up with
            positions from the epoch's beginning, and mark them.

    Raises:
        ValueError: a number out of its range.
    """

    num_positions: int
    batch_size: int
    rank: int = 0
    world_size: int = 1
    begin: int = 0
    drop_last: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world_size or self.batch_size < 1:
            message = (
                f"rank {self.rank} of {self.world_size} with batches of {self.batch_size}: ranks count from "
                "0 to world_size - 1, and a batch has 1 window or more"
            )
            raise ValueError(message)
        if not 0 <= self.begin <= self.num_positions:
            message = f"an epoch of {self.num_positions} positions cannot begin at position {self.begin}"
            raise ValueError(message)

    @property
    def positions_per_step(self) -> int:
        """Number of positions that all ranks together take at one step."""
        return self.batch_size * self.world_size

    @property
    def num_steps(self) -> int:
        """Number of batches of each rank."""
        remaining = self.num_positions - self.begin
        return (
            remaining // self.positions_per_step
            if self.drop_last
            else -(-remaining // self.positions_per_step)
        )

    def batch(self, step: int) -> tuple[Int, NDArray[np.bool_]]:
        """Give the positions of this rank's batch, int64 [batch_size], and which of them only fill it up."""
        first = self.begin + step * self.positions_per_step + self.rank
        positions = first + np.arange(self.batch_size, dtype=np.int64) * self.world_size
        return positions % self.num_positions, positions >= self.num_positions
