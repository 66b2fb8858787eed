"""The packed states of a dataset: shards of rows in the cache, mapped into memory and gathered by batches.

A shard holds the chunks whose file numbers lie in one range of 64. The first process that needs a shard reads
the chunks' states files, checks them, and puts the shard into the cache, where all processes, ranks and later
runs map the same pages. If the cache has no room for all shards of a selection, they are compressed. Chunks
that do not fit even then are read from their states files, which costs a millisecond or two a window, but
evicts nothing that others need.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.errors import RecordRefused
from manifests.state.file import read_states
from manifests.state.joined import joined
from manifests.store.read_ahead import read_ahead
from manifests.training.compressed_shard import CompressedRows
from manifests.training.packed_shard import join_chunks
from manifests.training.row_layout import PackedRows, broken, pack, seal, seeds_of
from manifests.training.shard_store import ShardStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from manifests.state.table import StateTable
    from manifests.store.contract import Store
    from manifests.training.cache import LocalCache
    from manifests.training.footage import Footage
    from manifests.training.row_arrays import RowArrays
    from manifests.training.shard_store import Opened

    Int = NDArray[np.int64]

_REMOTE_THREADS: Final = 16


@dataclass(frozen=True, eq=False, slots=True)
class Span:
    """A run of packed rows that contains the rows of a window.

    Attributes:
        rows: uint8 [n, row_bytes].
        first_row: the row of the chunk's frame 0 in `rows`; negative if the rows begin later in the chunk.
        numbers: int64 [P], the number that each pattern of these rows has among all patterns seen so far.
    """

    rows: NDArray[np.uint8]
    first_row: int
    numbers: Int


class PackedStates:
    """The packed states of a dataset's chunks. Threads may share one; every process has an object of its own.

    Args:
        store: the store that holds the dataset.
        footage: the dataset's chunks.
        of_rows: describes what the rows hold.
        key: names the fields and their versions.
        cache: keeps the shards; None to keep up to `MEMORY_BYTES` of them in memory.
    """

    def __init__(
        self, store: Store, footage: Footage, of_rows: RowArrays, key: str, cache: LocalCache | None
    ) -> None:
        self._store, self._footage, self._of_rows = store, footage, of_rows
        self.layout = of_rows.layout
        self._seeds = seeds_of(footage.states_sha256, key)
        self.shards = ShardStore(footage, self.layout, key, cache, self.pack_shard)
        self._numbers_of: dict[int, tuple[Opened, Int]] = {}
        self._known: dict[bytes, int] = {}
        self._masks: tuple[int, Mapping[str, Any]] = (0, {})
        self._lock = threading.RLock()

    def settle(self, store: Store) -> None:
        """Prepare for use in a forked process with its own store; mapped memory stays shared."""
        self._store, self._lock = store, threading.RLock()

    def masks(self) -> Mapping[str, Any]:
        """Make the masks of all patterns seen so far; see `RowArrays.masks`."""
        with self._lock:
            number = len(self._known)
            if self._masks[0] != number:
                marks = np.frombuffer(b"".join(self._known), bool)
                patterns = marks.reshape(number, len(self.layout.columns))
                self._masks = (number, self._of_rows.masks(patterns))
            return self._masks[1]

    def span(self, chunk: int) -> Span | None:
        """Find a chunk's rows in a mapped shard; None if they must be read with `read` instead."""
        with self._lock:
            shard = int(self.shards.shards.of_chunk[chunk])
            opened = self.shards.opened(shard)
            if not isinstance(opened, PackedRows):
                return None
            first_row = int(self.shards.shards.first_row[chunk])
            return Span(opened.rows, first_row, self._numbers(shard, opened))

    def prepare(self, part: int, num_parts: int) -> None:
        """Make every `num_parts`-th shard, from the `part`-th on, as far as there is room for them.

        Raises:
            StoreFailed: the store cannot give a states file.
            RecordRefused: a states file is not the one that the manifest names.
        """
        for shard in range(part, self.shards.shards.num_rows.size, num_parts):
            with self._lock:
                self.shards.opened(shard)
        while num_parts == 1 and self.shards.extend():
            for shard in range(self.shards.shards.num_rows.size):
                with self._lock:
                    self.shards.opened(shard)

    def read(self, chunk: int, first: int, exclusive_end: int) -> Span:
        """Read the rows [first, exclusive_end) of a chunk, from a compressed shard or from its states file.

        Raises:
            StoreFailed: the store cannot give the states file.
            RecordRefused: the states file is not the one that the manifest names.
        """
        with self._lock:
            shard = int(self.shards.shards.of_chunk[chunk])
            opened = self.shards.opened(shard)
            if not isinstance(opened, CompressedRows):
                return self._read_file(chunk, first, exclusive_end)
            numbers = self._numbers(shard, opened)
        block_rows, num_frames = opened.form.block_rows, self._footage.grid.num_frames
        begin = first // block_rows * block_rows
        # A chunk's last block may be short: it ends where the chunk ends.
        end = min(-(-exclusive_end // block_rows) * block_rows, int(num_frames[chunk]))
        block = int(self.shards.first_block[chunk]) + begin // block_rows
        try:
            return Span(opened.rows(block, end - begin), -begin, numbers)
        except ValueError as error:
            self.shards.refuse(shard, str(error))
            return self._read_file(chunk, first, exclusive_end)

    def _read_file(self, chunk: int, first: int, exclusive_end: int) -> Span:
        packed = pack(self.layout, *self._with_past(chunk, first, exclusive_end))
        num_rows = exclusive_end - first
        seal(packed.rows, np.full(num_rows, self._seeds[chunk], np.uint32), np.arange(first, exclusive_end))
        with self._lock:
            return Span(packed.rows, -first, self._number(packed.patterns))

    def gather(self, chunks: Int, frames: Int, spans: Sequence[Span]) -> tuple[NDArray[np.uint8], Int]:
        """Copy the rows of B windows into one array.

        Args:
            chunks: int64 [B].
            frames: int64 [B, K], the frame_index within its chunk of each row to gather.
            spans: where the rows of each window are.

        Returns:
            The rows, uint8 [B * K, row_bytes], and the number of each row's pattern, int64 [B * K].

        Raises:
            StoreFailed, RecordRefused: rows were damaged, and reading their states file failed, as in `read`.
        """
        num_windows, per_window = frames.shape
        rows = np.empty((num_windows, per_window, self.layout.row_bytes), np.uint8)
        for window, span in enumerate(spans):
            # Without mode="clip", which changes nothing here, NumPy would copy through a buffer.
            np.take(span.rows, frames[window] + span.first_row, axis=0, out=rows[window], mode="clip")
        flat = rows.reshape(-1, self.layout.row_bytes)
        wrong = broken(flat, np.repeat(self._seeds[chunks], per_window), frames.reshape(-1))
        if wrong.any():
            spans = self._mended(chunks, frames, spans, rows, wrong.reshape(frames.shape))
        codes = rows.view(np.uint16)[:, :, self.layout.code_byte // 2]
        numbers = np.empty(frames.shape, np.int64)
        for window, span in enumerate(spans):
            np.take(span.numbers, codes[window], out=numbers[window], mode="clip")
        return flat, numbers.reshape(-1)

    def _mended(
        self, chunks: Int, frames: Int, spans: Sequence[Span], rows: NDArray[np.uint8],
        wrong: NDArray[np.bool_],
    ) -> list[Span]:  # fmt: skip
        """Replace the rows of damaged windows with those of their states files; throw their shards away."""
        mended = list(spans)
        for window in np.flatnonzero(wrong.any(axis=1)).tolist():
            chunk, of_window = int(chunks[window]), frames[window]
            with self._lock:
                self.shards.refuse(int(self.shards.shards.of_chunk[chunk]), "rows fail their checks")
            span = self._read_file(chunk, int(of_window.min()), int(of_window.max()) + 1)
            np.take(span.rows, of_window + span.first_row, axis=0, out=rows[window], mode="clip")
            mended[window] = span
        return mended

    def _with_past(
        self, chunk: int, first: int = 0, exclusive_end: int | None = None
    ) -> tuple[StateTable, int]:
        """Read rows of a chunk, with the earlier rows that derived columns need, and the number of those.

        Raises:
            StoreFailed, RecordRefused: as `table`.
        """
        if not self.layout.needs_game:
            # A button counts as pressed if it was up in the frame before, so that frame is read as well.
            skip = min(first, 1)
            return self.table(chunk, first - skip, exclusive_end), skip
        game = self._footage.grid.game
        before = np.flatnonzero(game[:chunk] == game[chunk]).tolist()
        own = self.table(chunk, 0, exclusive_end)
        past = [self.table(one) for one in before]
        return joined([*past, own]), sum(table.num_frames for table in past) + first

    def table(self, chunk: int, first: int = 0, exclusive_end: int | None = None) -> StateTable:
        """Read and check a chunk's states file, or some of its rows.

        Raises:
            StoreFailed: the store cannot give the file.
            RecordRefused: the file is not the one that the manifest names.
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

    def _numbers(self, shard: int, opened: Opened) -> Int:
        known = self._numbers_of.get(shard)
        if known is None or known[0] is not opened:
            known = self._numbers_of[shard] = (opened, self._number(opened.patterns))
        return known[1]

    def pack_shard(self, shard: int) -> PackedRows:
        """Read the states files of a shard's chunks, and pack their rows one after the other.

        Raises:
            StoreFailed: the store cannot give a file.
            RecordRefused: a file is not the one that the manifest names.
        """
        chunks = self.shards.shards.chunks(shard).tolist()
        threads = _REMOTE_THREADS if self._store.is_remote else 1
        tables = (table for _, table in read_ahead(self._with_past, chunks, threads))
        packed = (pack(self.layout, *table) for table in tables)
        return join_chunks(self.layout, packed, [int(self._seeds[chunk]) for chunk in chunks])
