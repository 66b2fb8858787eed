"""The order in which an epoch visits its windows: a pure function of seed, epoch and the manifest's hash.

There is one sequence of positions for any number of ranks and workers. Windows of one game look alike, so
neighbouring positions should belong to different games. To that end the sequence is made of rounds:

    - A round visits a game at most once. With R the most visits that any game has, there are R rounds, and a
      game with v visits takes part in v of them, evenly spread.
    - All games are dealt into buckets, which stay the same through the epoch. A round takes the buckets one
      after the other, and the games of a bucket in random order. So between two visits of one game there are
      at least all other buckets.

There are as many buckets as it takes for `apart` neighbouring positions to hold no game twice. If there are
too few games for that, they take turns.

Any position can be looked up without those before it. Rounds are worked out in blocks, and the last block is
remembered. For a whole block, only what all its positions need is worked out: which games take part in each
round, and in which order. So many ranks that each look up their own positions repeat little work.
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
_BLOCK_PLACES: Final = 1 << 18  # number of games times number of rounds that are worked out at once
_LAST: Final = np.uint64(0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True, eq=False, slots=True)
class _Block:
    """Some consecutive rounds: the game at each of their positions, and the round that it belongs to."""

    first: int
    next_round: int
    games: NDArray[np.int32]
    numbers: NDArray[np.int32]

    @property
    def exclusive_end(self) -> int:
        return self.first + self.games.size


@dataclass(frozen=True, eq=False)
class Order:
    """The order of one epoch.

    Attributes:
        visits: int64 [G], how often each of G games is visited.
        seed: chosen by the user.
        epoch: number of the epoch, from 0.
        manifest_sha256: hash of the dataset's contents, so that another dataset has another order.
        apart: how many neighbouring positions should hold no game twice.

    Raises:
        ValueError: a number of visits is negative, or there are no visits at all.
    """

    visits: Int
    seed: int
    epoch: int
    manifest_sha256: str
    apart: int = DEFAULT_APART
    _phase: Int = field(init=False, repr=False)
    _key: int = field(init=False, repr=False)
    _bucket: Int = field(init=False, repr=False)
    _shuffle_keys: NDArray[np.uint64] = field(init=False, repr=False)
    _remembered: _Block | None = field(init=False, repr=False)

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
        object.__setattr__(self, "_shuffle_keys", self._keys(games, 3))
        object.__setattr__(self, "_remembered", None)

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
            ValueError: [start, exclusive_end) is not a range of positions.
        """
        if not 0 <= start <= exclusive_end <= self.num_positions:
            message = f"[{start}, {exclusive_end}) is no range within {self.num_positions} positions"
            raise ValueError(message)
        return self.at(np.arange(start, exclusive_end, dtype=np.int64))

    def at(self, positions: Int) -> tuple[Int, Int]:
        """Look up any positions, int64 [K]; fast if they lie close together or just after the last ones.

        Returns:
            The game at each position, and which of the game's visits this is, from 0; int64 [K] each.

        Raises:
            ValueError: a position is outside of the epoch.
        """
        if positions.size and not 0 <= positions.min() <= positions.max() < self.num_positions:
            message = f"positions {positions.min()} to {positions.max()} of {self.num_positions}"
            raise ValueError(message)
        games, numbers = np.zeros(positions.shape, np.int64), np.zeros(positions.shape, np.int64)
        left = np.ones(positions.shape, bool)
        while left.any():
            block = self._block_of(int(positions[left].min()))
            inside = left & (positions >= block.first) & (positions < block.exclusive_end)
            places = positions[inside] - block.first
            games[inside], numbers[inside] = block.games[places], block.numbers[places]
            left &= ~inside
        # Without this permutation, a game's windows would come in the order of time, round by round.
        before = (numbers * self.visits[games] + self._phase[games]) // self.num_rounds
        keys = self._keys(games.astype(np.uint64), 4)
        return games, permute(before, self.visits[games], keys)

    def _block_of(self, position: int) -> _Block:
        """Find the block of rounds that holds a position: the remembered one, the next one, or another."""
        last = self._remembered
        if last is None or not last.first <= position < last.exclusive_end:
            if last is not None and position == last.exclusive_end:
                last = self._rounds(last.next_round)
            else:
                last = self._rounds(self._round_of(position))
            object.__setattr__(self, "_remembered", last)
        return last

    def _rounds(self, first: int) -> _Block:
        """Work out which games take part in a block of rounds, in order, from round `first` on."""
        count = max(1, min(_BLOCK_PLACES // self.visits.size, self.num_rounds - first))
        numbers = np.arange(first, first + count, dtype=np.int64)
        before = (np.arange(first, first + count + 1)[:, None] * self.visits + self._phase) // self.num_rounds
        takes_part = before[1:] > before[:-1]
        shuffle = mix(self._shuffle_keys ^ numbers.astype(np.uint64)[:, None])
        order = _sorted_games(takes_part, self._bucket, shuffle)
        per_round = takes_part.sum(axis=1)
        is_taken = np.arange(self.visits.size) < per_round[:, None]
        return _Block(
            first=int(before[0].sum()),
            next_round=first + count,
            games=order[is_taken].astype(np.int32),
            numbers=np.repeat(numbers, per_round).astype(np.int32),
        )

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


def _sorted_games(takes_part: NDArray[np.bool_], bucket: Int, shuffle: NDArray[np.uint64]) -> Int:
    """Sort the games of R rounds by bucket, then by random number; games that take no part come last.

    Args:
        takes_part: bool [R, G].
        bucket: int64 [G].
        shuffle: uint64 [R, G].

    Returns:
        int64 [R, G], numbers of games.
    """
    # Sorting one number per game, with the bucket in its top bits, is much faster than sorting by two
    # numbers; the random number loses a few bits for that.
    bits = np.uint64(int(bucket.max()).bit_length())
    high = (bucket.astype(np.uint64) << (np.uint64(63) - bits)) << np.uint64(1) if bits else np.uint64(0)
    keys = np.where(takes_part, high | (shuffle >> bits), _LAST)
    order = np.argsort(keys, axis=1)
    in_order = np.take_along_axis(keys, order, axis=1)
    is_equal = (in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] != _LAST)
    for number in np.flatnonzero(is_equal.any(axis=1) | ((keys == _LAST) & takes_part).any(axis=1)).tolist():
        absent = ~takes_part[number]
        order[number] = np.lexsort((shuffle[number], bucket, absent))
    return order


@dataclass(frozen=True, slots=True)
class RankShare:
    """The positions of an epoch that one rank takes, batch by batch; all ranks have equally many batches.

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
        ValueError: a number is out of its range.
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
        """Return the positions of this rank's batch, int64 [batch_size], and which of them only fill it."""
        first = self.begin + step * self.positions_per_step + self.rank
        positions = first + np.arange(self.batch_size, dtype=np.int64) * self.world_size
        return positions % self.num_positions, positions >= self.num_positions
