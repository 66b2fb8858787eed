"""In which order an epoch visits its windows: a pure function of (seed, epoch, manifest hash).

One sequence of positions 0 ... N - 1 for any number of ranks and workers. It is made of rounds. A round
visits a game at most once; game g, which has v of the N visits, takes part in v of the R rounds, evenly
spread, where R is the most visits that any game has. Inside a round games come bucket by bucket, at random
inside each bucket, and buckets hold the same games all epoch long, so between two visits of one game lie at
least the other buckets. So any run of up to `apart` neighbouring positions holds no game twice, as long as
the rounds have that many games; with fewer games, they take turns.

Nothing here has state: `slice` of any range costs one or two rounds of arithmetic on numpy arrays.
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
        visits: int64 [G], how often each game is visited; its sum is N.
        seed: whatever the user chose.
        epoch: from 0.
        manifest_sha256: of the dataset, so that another dataset has another order.
        apart: neighbouring positions that should hold no game twice.

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
        phase = mix(mix(games + np.uint64(key)) ^ np.uint64(1)) % np.uint64(self.num_rounds)
        object.__setattr__(self, "_phase", phase.astype(np.int64))
        shuffled = permute(games.astype(np.int64), np.full(games.size, games.size), self._keys(games, 2))
        object.__setattr__(self, "_bucket", shuffled * self.num_buckets // games.size)

    @property
    def num_positions(self) -> int:
        """N."""
        return int(self.visits.sum())

    @property
    def num_rounds(self) -> int:
        """R."""
        return int(self.visits.max())

    @property
    def num_buckets(self) -> int:
        """Two where a round's half is enough to keep games apart, else as many as that takes."""
        # Of M buckets M - 1 lie between two visits; a tenth is left for rounds with fewer games than most.
        per_round = self.num_positions / self.num_rounds * 0.9
        if per_round >= 2 * self.apart:
            return 2
        if per_round <= self.apart:
            return self.visits.size
        return min(self.visits.size, math.ceil(per_round / (per_round - self.apart)))

    def slice(self, start: int, exclusive_end: int) -> tuple[Int, Int]:
        """Game, and which of its visits this is, for the positions [start, exclusive_end).

        Returns:
            int64 [K] each.

        Raises:
            ValueError: not a range of positions.
        """
        if not 0 <= start <= exclusive_end <= self.num_positions:
            message = f"[{start}, {exclusive_end}) are no positions among {self.num_positions}"
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
        """Games of one round in order, and which visit of each this is."""
        before, after = self._visits_before(number), self._visits_before(number + 1)
        game = np.flatnonzero(after > before)
        shuffle = mix(self._keys(game.astype(np.uint64), 3) ^ np.uint64(number))
        game = game[np.lexsort((shuffle, self._bucket[game]))]
        # Which of a game's windows a visit gets is shuffled as well, within the game.
        visit = permute(before[game], self.visits[game], self._keys(game.astype(np.uint64), 4))
        return game, visit

    def _keys(self, games: NDArray[np.uint64], purpose: int) -> NDArray[np.uint64]:
        if purpose == 2:  # noqa: PLR2004 - one permutation over all games, so one key for all
            return np.full(games.size, mix(np.array([self._key ^ purpose], np.uint64))[0])
        return mix(mix(games ^ np.uint64(self._key)) + np.uint64(purpose))

    def _visits_before(self, number: int) -> Int:
        """Visits of each game in the rounds before this one."""
        return (number * self.visits + self._phase) // self.num_rounds

    def _before(self, number: int) -> int:
        return int(self._visits_before(number).sum())

    def _round_of(self, position: int) -> int:
        """The last round that starts at or before a position."""
        low, high = 0, self.num_rounds
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._before(middle) <= position else (low, middle)
        return low


@dataclass(frozen=True, slots=True)
class RankShare:
    """Which positions of an epoch one rank takes, batch by batch; equally many batches on every rank.

    At step s, from position `begin` on, all ranks together take `world_size * batch_size` neighbouring
    positions, and rank r those whose distance from `begin` is r modulo world_size.

    Attributes:
        num_positions: of the epoch.
        batch_size: of one rank.
        rank: from 0.
        world_size: number of ranks.
        begin: the position at which this share starts: 0, or where an earlier run stopped.
        drop_last: leave out what does not fill a batch on every rank; else fill up with the epoch's
            beginning, and say so.

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
            message = f"rank {self.rank} of {self.world_size} with batches of {self.batch_size}"
            raise ValueError(message)
        if not 0 <= self.begin <= self.num_positions:
            message = f"position {self.begin} of {self.num_positions}"
            raise ValueError(message)

    @property
    def positions_per_step(self) -> int:
        """Taken by all ranks together."""
        return self.batch_size * self.world_size

    @property
    def num_steps(self) -> int:
        """Batches of every rank."""
        remaining = self.num_positions - self.begin
        return (
            remaining // self.positions_per_step
            if self.drop_last
            else -(-remaining // self.positions_per_step)
        )

    def batch(self, step: int) -> tuple[Int, NDArray[np.bool_]]:
        """Positions of this rank's batch, int64 [batch_size], and which are repeats that only fill it up."""
        first = self.begin + step * self.positions_per_step + self.rank
        positions = first + np.arange(self.batch_size, dtype=np.int64) * self.world_size
        return positions % self.num_positions, positions >= self.num_positions
