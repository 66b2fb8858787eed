"""The file format of a shard of packed states whose rows are compressed, for selections that are too large.

    blocks | where each begins, and the end | patterns | counts | sha256 | magic

A block has rows of one chunk, stored column by column, so that a compressor finds what does not change from
frame to frame. There are two forms. Measured on 14 real games, whose rows have 200 bytes:

    form      rows a block    takes of the room    microseconds to read a block
    QUICK               64           1 / 5.4                       5
    DENSE              256           1 / 8.2                      32
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


@dataclass(frozen=True, slots=True)
class Form:
    """One way to compress rows.

    Attributes:
        name: the form's name, part of the identity of a shard.
        codec: the compressor, as Arrow names it.
        level: the level of compression; None if the codec has no levels.
        block_rows: number of rows of every block; a chunk's last block may have fewer.
        expected_ratio: the share of their uncompressed size that rows are expected to take at most.
        magic: the last bytes of a shard of this form.
    """

    name: str
    codec: str
    level: int | None
    block_rows: int
    expected_ratio: float
    magic: bytes

    def open_codec(self) -> pa.Codec:
        """Make the compressor."""
        return pa.Codec(self.codec, self.level)


QUICK: Final = Form("compressed", "lz4_raw", None, 64, 4.0, b"dfarmpz1")
DENSE: Final = Form("dense", "zstd", 9, 256, 6.0, b"dfarmpd1")
FORMS: Final = (QUICK, DENSE)
"""The forms, the quickest to read first."""


@dataclass(frozen=True, eq=False, slots=True)
class CompressedRows:
    """The compressed rows of some chunks, block by block.

    Attributes:
        data: uint8, the bytes that hold the blocks.
        offsets: int64 [number of blocks + 1], where each block begins; at the end, where the last one ends.
        patterns: bool [P, number of columns], as in `PackedRows`.
        row_bytes: number of bytes of a row.
        form: how the rows are compressed.
    """

    data: NDArray[np.uint8]
    offsets: Int
    patterns: NDArray[np.bool_]
    row_bytes: int
    form: Form

    def rows(self, block: int, num_rows: int) -> NDArray[np.uint8]:
        """Decompress the first `num_rows` rows from the beginning of a block on, uint8 [num_rows, row_bytes].

        Raises:
            ValueError: the block is damaged.
        """
        parts, codec = [], self.form.open_codec()
        for first in range(0, num_rows, self.form.block_rows):
            count = min(self.form.block_rows, num_rows - first)
            start, end = self.offsets[block], self.offsets[block + 1]
            try:
                found = codec.decompress(pa.py_buffer(self.data[start:end]), count * self.row_bytes)
            except OSError as error:
                message = f"a block of packed states is damaged: {error}"
                raise ValueError(message) from error
            parts.append(np.frombuffer(found, np.uint8).reshape(self.row_bytes, count).T)
            block += 1
        return np.concatenate(parts)


def compressed_bytes(packed: PackedRows, lengths: Iterable[int], identity: str, form: Form) -> bytes:
    """Make the bytes of a compressed shard; `lengths` are the row counts of its chunks, in order."""
    codec, blocks, begin = form.open_codec(), [], 0
    for length in lengths:
        for first in range(begin, begin + length, form.block_rows):
            rows = packed.rows[first : min(first + form.block_rows, begin + length)]
            blocks.append(codec.compress(np.ascontiguousarray(rows.T), asbytes=True))
        begin += length
    offsets = np.cumsum([0, *map(len, blocks)]).astype("<i8").tobytes()
    counts, marks = counts_of(len(blocks), packed), marks_of(packed)
    digest = hashlib.sha256(identity.encode() + offsets + marks + counts).digest()
    return b"".join((*blocks, offsets, marks, counts, digest, form.magic))


def open_compressed(layout: RowLayout, data: NDArray[np.uint8], identity: str, form: Form) -> CompressedRows:
    """Open the bytes of a compressed shard, uint8 [size], without reading its blocks.

    Raises:
        ValueError: the bytes are not such a shard, belong to other chunks, or are damaged.
    """
    trailer = read_trailer(data, form.magic, "compressed states")
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
    return CompressedRows(data, offsets, marks.reshape(trailer.num_patterns, num_columns), row_bytes, form)
