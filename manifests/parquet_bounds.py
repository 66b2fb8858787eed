"""Refuse a Parquet file whose footer claims far more data than its rows can hold, before reading any of it.

Three bytes of Parquet may stand for a million equal values, so a small file can still unpack to any size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_FREE_BYTES: Final = 64 << 20
_ROW_BYTES: Final = 64 << 10
"""More bytes than any row of ours takes: a row of states has about 1 kB, a row of the games table a few."""


def check_bounds(metadata: pq.FileMetaData, num_rows: int | None = None) -> None:
    """Check that the row and byte counts in a Parquet footer are plausible.

    Args:
        metadata: the footer.
        num_rows: the number of rows that the file must have, if another record says so.

    Raises:
        ValueError: the file has another number of rows, or more bytes than so many rows can have.
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
