"""The file format of a shard of packed states: the rows of some chunks, and the validity patterns they name.

    rows [n, row_bytes] | patterns, a byte per place | number of rows, patterns and places | sha256 | magic

The sha256 covers the identity that the reader expects, the numbers and the patterns. Each row has a check of
its own (see `manifests.training.row_layout`), so a shard of any size is opened without reading its rows.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.training.row_layout import MAX_PATTERNS, PackedRows, seal
from manifests.training.shard_trailer import TRAILER_BYTES, counts_of, marks_of, read_trailer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from manifests.training.row_layout import RowLayout

_MAGIC: Final = b"dfarmpk1"


def join_chunks(layout: RowLayout, chunks: Iterable[PackedRows], seeds: Sequence[int]) -> PackedRows:
    """Concatenate the rows of some chunks, merge their patterns, and write the check of every row.

    Args:
        layout: layout of all rows.
        chunks: the rows of whole chunks, whose frames count from 0.
        seeds: the seed of each chunk's checks.

    Raises:
        ValueError: the chunks have more than 65,536 patterns together.
    """
    known: dict[bytes, int] = {}
    parts: list[NDArray[np.uint8]] = []
    for chunk, seed in zip(chunks, seeds, strict=True):
        numbers = [known.setdefault(pattern.tobytes(), len(known)) for pattern in chunk.patterns]
        if len(known) > MAX_PATTERNS:
            message = f"{len(known)} patterns of validity in one shard; a row can name {MAX_PATTERNS}"
            raise ValueError(message)
        rows = chunk.rows.copy()
        codes = rows.view(np.uint16)[:, layout.code_byte // 2]
        codes[:] = np.array(numbers, np.uint16)[codes]
        num_frames = rows.shape[0]
        seal(rows, np.full(num_frames, seed, np.uint32), np.arange(num_frames, dtype=np.int64))
        parts.append(rows)
    patterns = np.frombuffer(b"".join(known), bool).reshape(len(known), len(layout.columns))
    return PackedRows(np.concatenate(parts), patterns)


def shard_bytes(packed: PackedRows, identity: str) -> bytes:
    """Make the bytes of a shard."""
    counts, marks = counts_of(packed.rows.shape[0], packed), marks_of(packed)
    digest = hashlib.sha256(identity.encode() + counts + marks).digest()
    return b"".join((packed.rows.tobytes(), marks, counts, digest, _MAGIC))


def open_shard(layout: RowLayout, data: NDArray[np.uint8], identity: str) -> PackedRows:
    """Open the bytes of a shard, uint8 [size], without copying the rows.

    Raises:
        ValueError: the bytes are not such a shard, belong to other chunks, or are damaged.
    """
    trailer = read_trailer(data, _MAGIC, "packed states")
    num_rows, row_bytes = trailer.num_parts, trailer.row_bytes
    num_marks = trailer.num_patterns * trailer.num_columns
    if data.size != num_rows * row_bytes + num_marks + TRAILER_BYTES:
        message = f"a shard of {num_rows} rows of {row_bytes} bytes is not {data.size} bytes long"
        raise ValueError(message)
    end = num_rows * row_bytes
    marks = data[end : end + num_marks]
    wanted = hashlib.sha256(identity.encode() + trailer.counts + marks.tobytes()).digest()
    if wanted != trailer.digest or (trailer.num_columns, row_bytes) != (
        len(layout.columns),
        layout.row_bytes,
    ):
        message = "a shard of packed states of other games, of another layout, or damaged"
        raise ValueError(message)
    rows = data[:end].reshape(num_rows, row_bytes)
    return PackedRows(rows, marks.astype(bool).reshape(trailer.num_patterns, trailer.num_columns))
