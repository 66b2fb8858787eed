"""Read and make the trailer at the end of every shard of packed states, which says what the shard holds.

counts: u64, u32, u32, u64 | sha256 | magic
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.training.row_layout import PackedRows

MAGIC_BYTES: Final = 8
_COUNTS: Final = struct.Struct("<QIIQ")
_DIGEST_BYTES: Final = 32
TRAILER_BYTES: Final = _COUNTS.size + _DIGEST_BYTES + MAGIC_BYTES
"""How many bytes the trailer takes."""


@dataclass(frozen=True, slots=True)
class ShardTrailer:
    """The contents of a shard's trailer.

    Attributes:
        num_parts: number of rows, or of blocks.
        num_patterns, num_columns: shape of the patterns.
        row_bytes: number of bytes of a row.
        counts: the numbers above as bytes, which the sha256 covers.
        digest: the sha256.
    """

    num_parts: int
    num_patterns: int
    num_columns: int
    row_bytes: int
    counts: bytes
    digest: bytes


def counts_of(num_parts: int, packed: PackedRows) -> bytes:
    """Make the bytes of a trailer's counts for these rows."""
    return _COUNTS.pack(num_parts, *packed.patterns.shape, packed.rows.shape[1])


def marks_of(packed: PackedRows) -> bytes:
    """Make the bytes of the patterns, one byte for each place."""
    return packed.patterns.astype(np.uint8).tobytes()


def read_trailer(data: NDArray[np.uint8], magic: bytes, what: str) -> ShardTrailer:
    """Read the trailer of a shard, uint8 [size].

    Args:
        data: the bytes of the shard.
        magic: the bytes that it must end with, MAGIC_BYTES of them.
        what: the kind of shard, for the error.

    Raises:
        ValueError: `data` is not such a shard.
    """
    if data.size < TRAILER_BYTES or data[-MAGIC_BYTES:].tobytes() != magic:
        message = f"{data.size} bytes that are no shard of {what}"
        raise ValueError(message)
    trailer = data[-TRAILER_BYTES:].tobytes()
    counts, digest = trailer[: _COUNTS.size], trailer[_COUNTS.size : -MAGIC_BYTES]
    num_parts, num_patterns, num_columns, row_bytes = _COUNTS.unpack(counts)
    return ShardTrailer(num_parts, num_patterns, num_columns, row_bytes, counts, digest)
