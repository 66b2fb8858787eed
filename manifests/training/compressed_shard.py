"""The bytes of a shard whose rows are compressed, 64 at a time: for selections that are too large otherwise.

    blocks | where each begins, and the end | patterns | counts | sha256 | magic

A block has 64 rows of one chunk, the last one fewer. It is stored column by column, so that LZ4 finds what
does not change from frame to frame: it takes about a fifth of the room, and 8 microseconds to read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from manifests.training.shard_trailer import TRAILER_BYTES, counts_of, marks_of, read_trailer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from manifests.training.row_layout import PackedRows, RowLayout

    Int = NDArray[np.int64]

BLOCK_ROWS: Final = 64
EXPECTED_RATIO: Final = 4
"""Rows take at most this part of their room; 5.4 was measured on recorded and on real games."""
_MAGIC: Final = b"dfarmpz1"
_CODEC: Final = "lz4_raw"


@dataclass(frozen=True, eq=False, slots=True)
class CompressedRows:
    """The rows of some chunks, block by block.

    Attributes:
        data: uint8, where the blocks are.
        offsets: int64 [number of blocks + 1], where each block begins; at the end, where the last one ends.
        patterns: bool [P, number of columns], as in `PackedRows`.
        row_bytes: number of bytes of a row.
    """

    data: NDArray[np.uint8]
    offsets: Int
    patterns: NDArray[np.bool_]
    row_bytes: int

    def rows(self, block: int, num_rows: int) -> NDArray[np.uint8]:
        """Decompress as many rows as that from the beginning of a block on, uint8 [num_rows, row_bytes].

        Raises:
            ValueError: the block is damaged.
        """
        parts = []
        for first in range(0, num_rows, BLOCK_ROWS):
            count = min(BLOCK_ROWS, num_rows - first)
            start, end = self.offsets[block], self.offsets[block + 1]
            try:
                found = pa.Codec(_CODEC).decompress(
                    pa.py_buffer(self.data[start:end]), count * self.row_bytes
                )
            except OSError as error:
                message = f"a block of packed states is damaged: {error}"
                raise ValueError(message) from error
            parts.append(np.frombuffer(found, np.uint8).reshape(self.row_bytes, count).T)
            block += 1
        return np.concatenate(parts)


def compressed_bytes(packed: PackedRows, lengths: Iterable[int], identity: str) -> bytes:
    """Make the bytes of a shard of chunks of these lengths, whose rows lie one behind another."""
    codec, blocks, begin = pa.Codec(_CODEC), [], 0
    for length in lengths:
        for first in range(begin, begin + length, BLOCK_ROWS):
            rows = packed.rows[first : min(first + BLOCK_ROWS, begin + length)]
            blocks.append(codec.compress(np.ascontiguousarray(rows.T), asbytes=True))
        begin += length
    offsets = np.cumsum([0, *map(len, blocks)]).astype("<i8").tobytes()
    counts, marks = counts_of(len(blocks), packed), marks_of(packed)
    digest = hashlib.sha256(identity.encode() + offsets + marks + counts).digest()
    return b"".join((*blocks, offsets, marks, counts, digest, _MAGIC))


def open_compressed(layout: RowLayout, data: NDArray[np.uint8], identity: str) -> CompressedRows:
    """Look at the bytes of a shard, uint8 [size], without reading its blocks.

    Raises:
        ValueError: it is no such shard, or one of other chunks, or it is damaged.
    """
    trailer = read_trailer(data, _MAGIC, "compressed states")
    num_columns, row_bytes = trailer.num_columns, trailer.row_bytes
    offset_bytes = 8 * (trailer.num_parts + 1)
    begin = data.size - TRAILER_BYTES - trailer.num_patterns * num_columns - offset_bytes
    middle = data[max(begin, 0) : data.size - TRAILER_BYTES].tobytes()
    wanted = hashlib.sha256(identity.encode() + middle + trailer.counts).digest()
    if (
        begin < 0
        or wanted != trailer.digest
        or (num_columns, row_bytes) != (len(layout.columns), layout.row_bytes)
    ):
        message = "a shard of packed states of other games, of another layout, or damaged"
        raise ValueError(message)
    offsets = np.frombuffer(middle[:offset_bytes], "<i8").astype(np.int64)
    marks = np.frombuffer(middle[offset_bytes:], np.uint8).astype(bool)
    return CompressedRows(data, offsets, marks.reshape(trailer.num_patterns, num_columns), row_bytes)
