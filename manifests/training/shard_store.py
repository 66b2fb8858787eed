"""The shards of packed states: which chunks each shard holds, and how they get into the cache and out."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from manifests.training.compressed_shard import FORMS, CompressedRows, compressed_bytes, open_compressed
from manifests.training.packed_shard import open_shard, shard_bytes
from manifests.training.row_layout import PackedRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from manifests.training.cache import LocalCache
    from manifests.training.footage import Footage
    from manifests.training.row_layout import RowLayout

    Int = NDArray[np.int64]

Opened: TypeAlias = PackedRows | CompressedRows
CHUNKS_PER_SHARD: Final = 64
MEMORY_BYTES: Final = 256 << 20
"""How many bytes of packed states a process keeps in memory if there is no cache."""
_COSTS: Final = {
    "compressed": "a fifth of the room and 4 times as long",
    "dense": "an eighth of the room and 8 times as long",
}
_ROOM: Final = 0.9  # the rest of the cache is for patterns, for videos, and for other selections
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Shards:
    """The shard of each of C chunks, and its place in it: pure arithmetic on the manifest's columns.

    Attributes:
        of_chunk: int64 [C], the shard of each chunk, counted from 0.
        first_row: int64 [C], the row of each chunk's first frame in its shard.
        num_rows: int64 [S], rows of each shard.
        order: int64 [C], the chunks in order of their shards, and of their place in them.
        first: int64 [S + 1], where each shard's chunks begin in `order`.
    """

    of_chunk: Int
    first_row: Int
    num_rows: Int
    order: Int
    first: Int

    @classmethod
    def of(cls, file_number: Int, num_frames: Int, per_shard: int = CHUNKS_PER_SHARD) -> Shards:
        """Deal chunks to shards by the file numbers that the plan gave them, which never change."""
        order = np.argsort(file_number, kind="stable")
        _, of_ordered = np.unique(file_number[order] // per_shard, return_inverse=True)
        first = np.searchsorted(of_ordered, np.arange(of_ordered[-1] + 2)).astype(np.int64)
        before = np.concatenate([[0], np.cumsum(num_frames[order])]).astype(np.int64)
        of_chunk, first_row = (np.empty_like(order) for _ in range(2))
        of_chunk[order] = of_ordered
        first_row[order] = before[:-1] - before[first[of_ordered]]
        return cls(of_chunk, first_row, np.diff(before[first]), order, first)

    def first_blocks(self, num_frames: Int, block_rows: int) -> Int:
        """Return the first block of each chunk in its shard, int64 [C], for compressed shards."""
        counts = -(-num_frames[self.order] // block_rows)
        before = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        first_block = np.empty_like(self.order)
        first_block[self.order] = before[:-1] - before[self.first[self.of_chunk[self.order]]]
        return first_block

    def chunks(self, shard: int) -> Int:
        """List the chunks of a shard, in the order of their rows."""
        return self.order[self.first[shard] : self.first[shard + 1]]

    def count_fitting(self, row_bytes: float, max_bytes: float) -> int:
        """Count the shards, from the first on, whose rows together take at most `max_bytes`."""
        return int(np.searchsorted(np.cumsum(self.num_rows * row_bytes), max_bytes, side="right"))


class ShardStore:
    """The shards of a selection, as many of them as there is room for.

    If there is room for the rows of all chunks, they are kept uncompressed. Otherwise all shards are
    compressed, in the quickest form that is expected to fit. If even the densest form is not, as many shards
    are kept as it is expected to have room for; once all of these exist, their real size tells how many more
    fit.

    Args:
        footage: the chunks.
        layout: layout of the rows.
        key: names the fields and their versions.
        cache: keeps the shards; None to keep up to `MEMORY_BYTES` of them in memory.
        pack: takes the number of a shard, and returns the packed rows of its chunks one after the other.
    """

    def __init__(
        self, footage: Footage, layout: RowLayout, key: str, cache: LocalCache | None,
        pack: Callable[[int], PackedRows],
    ) -> None:  # fmt: skip
        self._footage, self._layout, self._key, self._pack = footage, layout, key, pack
        self.cache = cache
        self.shards = Shards.of(footage.file_number, footage.grid.num_frames)
        self.num_bytes = int(footage.grid.num_frames.sum()) * layout.row_bytes
        self.max_bytes = MEMORY_BYTES if cache is None else int(cache.max_bytes * _ROOM)
        needed = self.num_bytes / max(self.max_bytes, 1)  # a cache of one byte has room for nothing
        fitting = (form for form in FORMS if needed <= form.expected_ratio)
        self.form = None if needed <= 1 else next(fitting, FORMS[-1])
        block_rows = 1 if self.form is None else self.form.block_rows
        self.first_block = self.shards.first_blocks(footage.grid.num_frames, block_rows)
        row_bytes = layout.row_bytes / (1 if self.form is None else self.form.expected_ratio)
        self._num_fitting = self.shards.count_fitting(row_bytes, self.max_bytes)
        self._open: dict[int, Opened] = {}
        self._in_memory = 0
        self.extend()

    @property
    def num_chunks_kept(self) -> int:
        """Number of chunks whose packed states there is room for."""
        return int(self.shards.first[self._num_fitting])

    def extend(self) -> bool:
        """Measure the shards that were expected to fit, once all are made; return whether more fit.

        All processes that look at the same cache come to the same answer.
        """
        num_shards = self.shards.num_rows.size
        if self.form is None or self.cache is None or self._num_fitting in (0, num_shards):
            return False
        sizes = []
        for shard in range(num_shards):
            size = self.cache.size_of(self._identity(shard))
            if size is None:
                break
            sizes.append(size)
        num_there = len(sizes)
        if num_there < self._num_fitting:
            return False
        per_row = float((np.array(sizes) / self.shards.num_rows[:num_there]).max())
        ends = np.cumsum(self.shards.num_rows[num_there:] * per_row) + sum(sizes)
        # The rows of shards to come are assumed to take as much as those of the worst shard so far.
        before, self._num_fitting = self._num_fitting, num_there + int((ends <= self.max_bytes).sum())
        return self._num_fitting > before

    def opened(self, shard: int) -> Opened | None:
        """Open a shard, and make it first if needed; None if there is no room for it."""
        if shard not in self._open and shard < self._num_fitting:
            found = self._mapped(shard) or self._built(shard)
            if found is not None:
                self._open[shard] = found
        return self._open.get(shard)

    def refuse(self, shard: int, why: str) -> None:
        """Throw a damaged shard away, so that it is made again."""
        self._open.pop(shard, None)
        if self.cache is not None:
            _LOG.warning("%s: %s; the states are read and packed again", self.cache.folder, why)
            self.cache.drop(self._identity(shard))

    def _identity(self, shard: int) -> str:
        chunks = self.shards.chunks(shard)
        digest = hashlib.sha256(self._footage.states_sha256[chunks].tobytes())
        digest.update(self._footage.grid.num_frames[chunks].tobytes())
        kind = "packed" if self.form is None else self.form.name
        return f"{kind} states {self._key} {digest.hexdigest()}"

    def _mapped(self, shard: int) -> Opened | None:
        identity = self._identity(shard)
        data = None if self.cache is None else self.cache.map(identity)
        if data is None:
            return None
        try:
            return self._look_at(data, identity)
        except ValueError as error:
            self.refuse(shard, str(error))
            return None

    def _look_at(self, data: NDArray[np.uint8], identity: str) -> Opened:
        if self.form is None:
            return open_shard(self._layout, data, identity)
        return open_compressed(self._layout, data, identity, self.form)

    def _built(self, shard: int) -> Opened | None:
        packed, identity = self._pack(shard), self._identity(shard)
        lengths = self._footage.grid.num_frames[self.shards.chunks(shard)].tolist()
        data = (
            shard_bytes(packed, identity)
            if self.form is None
            else compressed_bytes(packed, lengths, identity, self.form)
        )
        if self._kept(identity, data) and (found := self._mapped(shard)) is not None:
            return found
        self._in_memory += len(data)
        if self._in_memory >= MEMORY_BYTES:
            self._num_fitting = 0  # open shards stay, and no more are packed
        return self._look_at(np.frombuffer(data, np.uint8), identity)

    def _kept(self, identity: str, data: bytes) -> bool:
        if self.cache is None:
            return False
        try:
            self.cache.put(identity, data)
        except OSError as error:
            _LOG.warning("%s: %s; going on without the cache", self.cache.folder, error)
            self.cache = None
            return False
        return True

    def warn_of_size(self) -> None:
        """Warn at opening if the states do not all fit uncompressed: what follows from it, and what helps."""
        if self.form is None:
            return
        where = "memory" if self.cache is None else str(self.cache.folder)
        total = self.shards.of_chunk.size
        rest = "" if self.num_chunks_kept == total else (
            f"; of {total} chunks only {self.num_chunks_kept} fit even so, and the others' windows are read "
            "from their files, at a millisecond or two each"
        )  # fmt: skip
        _LOG.warning(
            "the states of this selection take %.3g GB, and %s has room for %.3g GB: they are compressed, "
            "which takes %s%s; cache=Cache(max_bytes=%d) would hold them as they are",
            self.num_bytes / 1e9, where, self.max_bytes / 1e9, _COSTS[self.form.name], rest,
            int(self.num_bytes / _ROOM) + 1,
        )  # fmt: skip
