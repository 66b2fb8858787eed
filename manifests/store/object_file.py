"""Open an object of a store as a seekable file, so that Parquet reads its footer and columns by range."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import RecordRefused
from manifests.parquet_bounds import check_bounds
from manifests.store.contract import ObjectMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

    from manifests.store.contract import Store

_BUFFER_BYTES: Final = 1 << 16


class _RangeReader(io.RawIOBase):
    """A raw file that sends one request to the store for every read; wrap it in a buffer."""

    def __init__(self, store: Store, key: str, size_bytes: int) -> None:
        super().__init__()
        self._store, self._key, self._size_bytes = store, key, size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        self._position = max(0, base + offset)  # beyond the end is allowed; reads there give nothing
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self._size_bytes)
        if end <= self._position:
            return 0
        data = self._store.get_range(self._key, self._position, end)
        view[: len(data)] = data
        self._position = end
        return len(data)


def open_object(store: Store, key: str) -> io.BufferedReader:
    """Open an object for reading; the caller closes it.

    Raises:
        ObjectMissing: there is no such object.
    """
    info = store.head(key)
    if info is None:
        message = f"{key}: no such object in {store.url}"
        raise ObjectMissing(message)
    return io.BufferedReader(_RangeReader(store, key, info.size_bytes), _BUFFER_BYTES)


def refuse_bomb(metadata: pq.FileMetaData, where: str, num_rows: int | None = None) -> None:
    """Refuse a Parquet file whose footer claims implausibly much data, or not the recorded number of rows.

    Raises:
        RecordRefused: the footer makes such a claim.
    """
    try:
        check_bounds(metadata, num_rows)
    except ValueError as error:
        message = f"{where}: {error}; it was changed after it was written"
        raise RecordRefused(message) from error


@contextmanager
def open_parquet(store: Store, key: str, num_rows: int | None = None) -> Iterator[pq.ParquetFile]:
    """Open a Parquet object, and verify its pages against their checksums if they have any.

    Pass use_threads=False to every call that reads from the file: if one of Arrow's threads still holds a
    Python file when the interpreter exits, it aborts the process (seen in 2 of 60 runs).

    Args:
        store: the store that holds the object.
        key: the object's key.
        num_rows: the number of rows that it must have, if another record says so.

    Raises:
        ObjectMissing: there is no such object.
        RecordRefused: it is not a Parquet file, claims implausibly much data, or was changed after it was
            written.
    """
    with open_object(store, key) as file:
        try:
            # pre_buffer would read ahead on Arrow's threads, which must not hold our file; see the docstring.
            opened = pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True)
            refuse_bomb(opened.metadata, f"{store.url}/{key}", num_rows)
            yield opened
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            message = f"{store.url}/{key}: no sound Parquet file ({error!s:.100}); it was changed or cut"
            raise RecordRefused(message) from error
