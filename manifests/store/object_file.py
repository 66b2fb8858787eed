"""Open an object of a store as a seekable file, so that Parquet reads its footer and columns by range."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import RecordRefused
from manifests.store.contract import ObjectMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

    from manifests.store.contract import Store

_BUFFER_BYTES: Final = 1 << 16


class _RangeReader(io.RawIOBase):
    """A raw file whose every read is one request to the store; wrap it in a buffer."""

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


@contextmanager
def open_parquet(store: Store, key: str) -> Iterator[pq.ParquetFile]:
    """Open a Parquet object, and verify its pages against their checksums where they have some.

    Pass use_threads=False to whatever reads from it: one of Arrow's threads that still holds a Python file
    when the interpreter exits aborts the process (seen in 2 of 60 runs).

    Raises:
        ObjectMissing: there is no such object.
        RecordRefused: it is no Parquet file, or was changed after it was written.
    """
    with open_object(store, key) as file:
        try:
            # pre_buffer reads ahead on Arrow's threads, which must not hold our file; see above.
            yield pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True)
        except (pa.ArrowInvalid, OSError) as error:
            message = f"{store.url}/{key}: no sound Parquet file ({error!s:.100}); it was changed or cut"
            raise RecordRefused(message) from error
