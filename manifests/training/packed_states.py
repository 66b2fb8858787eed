"""Packed states of a dataset: shards of rows in the cache, mapped into memory, gathered a batch at a time.

A shard has the chunks whose file numbers lie in one range of 64. The first process that needs one reads the
chunks' states files, checks them, and puts the shard into the cache, where all processes, ranks and later
runs map the same pages. What the cache has no room for is not packed: such windows are read from their states
files, which costs about a millisecond each, but throws out nothing that others need.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.errors import RecordRefused
from manifests.state.file import read_states
from manifests.store.read_ahead import read_ahead
from manifests.training.packed_shard import join_chunks, open_shard, shard_bytes
from manifests.training.row_layout import PackedRows, broken, pack, seal, seeds_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from manifests.state.table import StateTable
    from manifests.store.contract import Store
    from manifests.training.cache import LocalCache
    from manifests.training.footage import Footage
    from manifests.training.row_arrays import RowArrays

    Int = NDArray[np.int64]

CHUNKS_PER_SHARD: Final = 64
MEMORY_BYTES: Final = 256 << 20
"""Packed states that a process keeps in memory where there is no cache."""
_ROOM: Final = 0.9  # the rest of the cache is for patterns, for videos, and for other selections
_REMOTE_THREADS: Final = 16
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Span:
    """Packed rows of which some belong to a window.

    Attributes:
        rows: uint8 [n, row_bytes].
        first_row: the row of the chunk's frame 0 in `rows`; negative if the rows begin later in the chunk.
        numbers: int64 [P], the number that each pattern of these rows has among all patterns seen so far.
    """

    rows: NDArray[np.uint8]
    first_row: int
    numbers: Int


@dataclass(frozen=True, eq=False, slots=True)
class Shards:
    """Which shard each of C chunks is in, and where: pure arithmetic on the manifest's columns.

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
        of_chunk, first_row = np.empty_like(order), np.empty_like(order)
        of_chunk[order] = of_ordered
        first_row[order] = before[:-1] - before[first[of_ordered]]
        return cls(of_chunk, first_row, np.diff(before[first]), order, first)

    def chunks(self, shard: int) -> Int:
        """List the chunks of a shard, in the order of their rows."""
        return self.order[self.first[shard] : self.first[shard + 1]]

    def count_fitting(self, row_bytes: int, max_bytes: float) -> int:
        """Count the shards, from the first on, whose rows take no more than that together."""
        return int(np.searchsorted(np.cumsum(self.num_rows * row_bytes), max_bytes, side="right"))


class PackedStates:
    """The states of a dataset's chunks, packed. Several threads may ask at once; every process has its own.

    Args:
        store: where the dataset is.
        footage: its chunks.
        of_rows: what the rows hold.
        key: names the fields and their versions.
        cache: keeps shards; None to keep up to `MEMORY_BYTES` of them in memory.
    """

    def __init__(
        self, store: Store, footage: Footage, of_rows: RowArrays, key: str, cache: LocalCache | None
    ) -> None:
        self._store, self._footage, self._of_rows, self._key = store, footage, of_rows, key
        self._layout, self.cache = of_rows.layout, cache
        self._seeds = seeds_of(footage.states_sha256, key)
        self.shards = Shards.of(footage.file_number, footage.grid.num_frames)
        self.num_bytes = int(footage.grid.num_frames.sum()) * self._layout.row_bytes
        self.max_bytes = MEMORY_BYTES if cache is None else int(cache.max_bytes * _ROOM)
        self._num_fitting = self.shards.count_fitting(self._layout.row_bytes, self.max_bytes)
        self._open: dict[int, PackedRows] = {}
        self._numbers_of: dict[int, Int] = {}
        self._in_memory = 0
        self._known: dict[bytes, int] = {}
        self._masks: tuple[int, Mapping[str, Any]] = (0, {})
        self._lock = threading.RLock()

    def settle(self, store: Store) -> None:
        """Go on in a process that was forked, with a store of its own; what is mapped is shared."""
        self._store, self._lock = store, threading.RLock()

    @property
    def num_chunks_kept(self) -> int:
        """Number of chunks whose packed states there is room for."""
        return int(self.shards.first[self._num_fitting])

    @property
    def all_fit(self) -> bool:
        """Whether there is room for the packed states of all chunks."""
        return self.num_chunks_kept == self._footage.grid.num_frames.size

    def masks(self) -> Mapping[str, Any]:
        """Make the masks of all patterns seen so far; see `RowArrays.masks`."""
        with self._lock:
            number = len(self._known)
            if self._masks[0] != number:
                marks = np.frombuffer(b"".join(self._known), bool)
                patterns = marks.reshape(number, len(self._layout.columns))
                self._masks = (number, self._of_rows.masks(patterns))
            return self._masks[1]

    def span(self, chunk: int) -> Span | None:
        """Find a chunk's rows in its shard; None if it is not packed."""
        with self._lock:
            shard = int(self.shards.of_chunk[chunk])
            opened = self._opened(shard)
            if opened is None:
                return None
            return Span(opened.rows, int(self.shards.first_row[chunk]), self._numbers_of[shard])

    def read(self, chunk: int, first: int, exclusive_end: int) -> Span:
        """Read the rows [first, exclusive_end) of a chunk from its states file.

        Raises:
            StoreFailed: the store cannot give it.
            RecordRefused: it is not the file that the manifest names.
        """
        # A button counts as pressed if it was up in the frame before, so that frame is read as well.
        skip = min(first, 1)
        packed = pack(self._layout, self.table(chunk, first - skip, exclusive_end), skip)
        num_rows = exclusive_end - first
        seal(packed.rows, np.full(num_rows, self._seeds[chunk], np.uint32), np.arange(first, exclusive_end))
        with self._lock:
            return Span(packed.rows, -first, self._number(packed.patterns))

    def gather(self, chunks: Int, frames: Int, spans: Sequence[Span]) -> tuple[NDArray[np.uint8], Int]:
        """Gather rows of B windows.

        Args:
            chunks: int64 [B].
            frames: int64 [B, K], frame_index of each row that is wanted, within its chunk.
            spans: where the rows of each window are.

        Returns:
            uint8 [B * K, row_bytes], and the number of each row's pattern, int64 [B * K].

        Raises:
            StoreFailed, RecordRefused: rows had to be read from a states file, as `read`.
        """
        num_windows, per_window = frames.shape
        rows = np.empty((num_windows, per_window, self._layout.row_bytes), np.uint8)
        for window, span in enumerate(spans):
            # Without mode="clip", which changes nothing here, NumPy would copy through a buffer.
            np.take(span.rows, frames[window] + span.first_row, axis=0, out=rows[window], mode="clip")
        flat = rows.reshape(-1, self._layout.row_bytes)
        wrong = broken(flat, np.repeat(self._seeds[chunks], per_window), frames.reshape(-1))
        if wrong.any():
            spans = self._mended(chunks, frames, spans, rows, wrong.reshape(frames.shape))
        codes = rows.view(np.uint16)[:, :, self._layout.code_byte // 2]
        numbers = np.empty(frames.shape, np.int64)
        for window, span in enumerate(spans):
            np.take(span.numbers, codes[window], out=numbers[window], mode="clip")
        return flat, numbers.reshape(-1)

    def _mended(
        self, chunks: Int, frames: Int, spans: Sequence[Span], rows: NDArray[np.uint8],
        wrong: NDArray[np.bool_],
    ) -> list[Span]:  # fmt: skip
        """Take the rows of damaged windows from their states files, and throw their shards away."""
        mended = list(spans)
        for window in np.flatnonzero(wrong.any(axis=1)).tolist():
            chunk, of_window = int(chunks[window]), frames[window]
            self._refuse(int(self.shards.of_chunk[chunk]), "rows fail their checks")
            span = self.read(chunk, int(of_window.min()), int(of_window.max()) + 1)
            np.take(span.rows, of_window + span.first_row, axis=0, out=rows[window], mode="clip")
            mended[window] = span
        return mended

    def table(self, chunk: int, first: int = 0, exclusive_end: int | None = None) -> StateTable:
        """Read and check a chunk's states file, or some of its rows.

        Raises:
            StoreFailed: the store cannot give it.
            RecordRefused: it is not the file that the manifest names.
        """
        key, num_frames = self._footage.states_key(chunk), int(self._footage.grid.num_frames[chunk])
        data = self._store.get(key)
        message = f"{self._store.url}/{key}: not the bytes that the manifest names; audit the dataset"
        if hashlib.sha256(data).digest() != self._footage.states_sha256[chunk].tobytes():
            raise RecordRefused(message)
        try:
            table = read_states(data, first, num_frames if exclusive_end is None else exclusive_end)
        except ValueError as error:
            raise RecordRefused(message) from error
        if table.first_slp_frame - first != self._footage.slp_frame_start[chunk]:
            raise RecordRefused(message)
        return table

    def _number(self, patterns: NDArray[np.bool_]) -> Int:
        numbers = [self._known.setdefault(pattern.tobytes(), len(self._known)) for pattern in patterns]
        return np.array(numbers, np.int64)

    def _opened(self, shard: int) -> PackedRows | None:
        if shard not in self._open and shard < self._num_fitting:
            found = self._mapped(shard) or self._built(shard)
            if found is not None:
                self._open[shard], self._numbers_of[shard] = found, self._number(found.patterns)
        return self._open.get(shard)

    def _identity(self, shard: int) -> str:
        chunks = self.shards.chunks(shard)
        digest = hashlib.sha256(self._footage.states_sha256[chunks].tobytes())
        digest.update(self._footage.grid.num_frames[chunks].tobytes())
        return f"packed states {self._key} {digest.hexdigest()}"

    def _mapped(self, shard: int) -> PackedRows | None:
        identity = self._identity(shard)
        data = None if self.cache is None else self.cache.map(identity)
        if data is None:
            return None
        try:
            return open_shard(self._layout, data, identity)
        except ValueError as error:
            self._refuse(shard, str(error))
            return None

    def _refuse(self, shard: int, why: str) -> None:
        """Throw a damaged shard away, so that it is made anew."""
        with self._lock:
            self._open.pop(shard, None)
            if self.cache is not None:
                _LOG.warning("%s: %s; the states are read and packed again", self.cache.folder, why)
                self.cache.drop(self._identity(shard))

    def _built(self, shard: int) -> PackedRows | None:
        chunks = self.shards.chunks(shard).tolist()
        threads = _REMOTE_THREADS if self._store.is_remote else 1
        tables = (table for _, table in read_ahead(self.table, chunks, threads))
        packed = (pack(self._layout, table) for table in tables)
        joined = join_chunks(self._layout, packed, [int(self._seeds[chunk]) for chunk in chunks])
        if self.cache is not None and self._kept(self._identity(shard), joined):
            return self._mapped(shard)
        self._in_memory += joined.rows.nbytes
        if self._in_memory >= MEMORY_BYTES:
            self._num_fitting = 0  # what is open stays, and nothing more is packed
        return joined

    def _kept(self, identity: str, packed: PackedRows) -> bool:
        assert self.cache is not None
        try:
            self.cache.put(identity, shard_bytes(packed, identity))
        except OSError as error:
            _LOG.warning("%s: %s; going on without the cache", self.cache.folder, error)
            self.cache = None
            return False
        return True


def warn_of_size(states: PackedStates, where: str) -> None:
    """Say at opening that not all states of a selection fit, what follows from it, and what helps."""
    if states.all_fit:
        return
    total = states.shards.of_chunk.size
    _LOG.warning(
        "the states of this selection take %.2f GB packed, and %s keeps %.2f GB: %d of %d chunks are packed, "
        "and windows of the others are read from their files, at about a millisecond each; give "
        "cache=Cache(max_bytes=%d), fewer fields or fewer games",
        states.num_bytes / 1e9, where, states.max_bytes / 1e9, states.num_chunks_kept, total,
        int(states.num_bytes / _ROOM) + 1,
    )  # fmt: skip
