"""Refuse a Parquet file that says it holds far more than it can in earnest, before any of it is read.

Three bytes of Parquet may stand for a million equal values, so the size of a file bounds nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_FREE_BYTES: Final = 64 << 20
_ROW_BYTES: Final = 64 << 10
"""More than any row of ours has: a row of states has about a kilobyte, a game of the manifests a few."""


def check_bounds(metadata: pq.FileMetaData, num_rows: int | None = None) -> None:
    """Check what the footer of a file says against what it may hold.

    Args:
        metadata: the footer.
        num_rows: how many rows there must be, where another record says so.

    Raises:
        ValueError: it has another number of rows, or more bytes than so many rows have.
    """
    if num_rows is not None and metadata.num_rows != num_rows:
        message = f"it has {metadata.num_rows} rows, recorded are {num_rows}"
        raise ValueError(message)
    groups = [metadata.row_group(k) for k in range(metadata.num_row_groups)]
    num_bytes = sum(group.total_byte_size for group in groups)
    most = _FREE_BYTES + _ROW_BYTES * metadata.num_rows
    if metadata.num_rows != sum(group.num_rows for group in groups) or not 0 <= num_bytes <= most:
        message = f"its {metadata.num_rows} rows would take {num_bytes} bytes unpacked; {most} is the most"
        raise ValueError(message)
