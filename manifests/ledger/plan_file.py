"""Read and make the Parquet file of one plan, which carries a checksum of its own bytes.

The sum is the sha256 of the whole file with zeros in place of the sum's own 64 digits. It is checked before
anything in the file is used, since Parquet has checksums only for its pages, and none for its footer.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import RecordRefused
from manifests.ledger.tables import SCHEMA_VERSION, arrow_schema
from manifests.store.contract import ObjectMissing
from manifests.store.keys import plan_key
from manifests.store.object_file import open_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manifests.store.contract import Store

_NEXT_FILE_NUMBER: Final = b"dolphin_farm.next_file_number"
_FRAMES_PER_CHUNK: Final = b"dolphin_farm.frames_per_chunk"
_VERSION: Final = b"dolphin_farm.schema_version"
_SUM: Final = b"dolphin_farm.file_sha256"
_KNOWN: Final = frozenset(
    {_NEXT_FILE_NUMBER, _FRAMES_PER_CHUNK, _VERSION, _SUM, b"dolphin_farm.table", b"ARROW:schema"}
)
_NO_SUM: Final = b"0" * 64
_WITH_SUM: Final = re.compile(re.escape(_SUM) + rb"..(.{64})", re.DOTALL)  # the sum's length is between
_TAIL_BYTES: Final = 8  # the footer's length, and Parquet's magic
_READ_BYTES: Final = 1 << 20
ROWS_PER_GROUP: Final = 10_000


class PlanFile:
    """An open plan file whose schema version and sum were checked."""

    def __init__(self, where: str, file: pq.ParquetFile) -> None:
        self._where, self._file = where, file
        self._metadata: dict[bytes, bytes] = file.schema_arrow.metadata or {}
        found = self._metadata.get(_VERSION, b"none").decode("ascii", "replace")
        if found != str(SCHEMA_VERSION):
            message = f"{where}: schema version {found}; this program reads {SCHEMA_VERSION}"
            raise RecordRefused(message)
        if unknown := set(file.metadata.metadata or {}) - _KNOWN:
            message = f"{where}: has an entry {min(unknown)!r:.80}, which no plan has; {_CHANGED}"
            raise RecordRefused(message)

    @property
    def next_file_number(self) -> int:
        """The file number that the next plan begins with."""
        return self._number(_NEXT_FILE_NUMBER)

    @property
    def frames_per_chunk(self) -> int:
        """How many frames a full chunk has."""
        return self._number(_FRAMES_PER_CHUNK)

    def check_frames_per_chunk(self, frames_per_chunk: int) -> None:
        """Check that games are cut into chunks of this length.

        Raises:
            RecordRefused: the plan cuts games into chunks of another length.
        """
        found = self.frames_per_chunk
        if found != frames_per_chunk:
            message = (
                f"{self._where}: planned with {found} frames per chunk, not {frames_per_chunk}; keep {found}"
            )
            raise RecordRefused(message)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every row as a dict by column name, with lists as tuples."""
        for batch in self._file.iter_batches(ROWS_PER_GROUP, use_threads=False):
            for row in batch.to_pylist():
                yield {
                    name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
                }

    def _number(self, key: bytes) -> int:
        try:
            return int(self._metadata[key])
        except (KeyError, ValueError) as error:
            message = f"{self._where}: does not say {key.decode()}; {_CHANGED}"
            raise RecordRefused(message) from error


_CHANGED: Final = "it was changed after it was written: put a good copy back"


@contextmanager
def open_plan(store: Store, number: int) -> Iterator[PlanFile]:
    """Open the plan file with the given number.

    Raises:
        ObjectMissing: there is no such plan file.
        RecordRefused: the file has another schema, or was changed after it was written.
    """
    key = plan_key(number)
    where = f"{store.url}/{key}"
    _check_sum(store, key, where)
    with open_parquet(store, key) as file:
        yield PlanFile(where, file)


def plan_bytes(rows: Sequence[object], frames_per_chunk: int, next_file_number: int) -> bytes:
    """Make the bytes of a plan file from objects that have an attribute for each column."""
    schema = arrow_schema("plan")
    metadata = {
        **schema.metadata,
        _FRAMES_PER_CHUNK: str(frames_per_chunk).encode(),
        _NEXT_FILE_NUMBER: str(next_file_number).encode(),
    }
    columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
    table = pa.table(columns, schema=schema.with_metadata(metadata))
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, compression="zstd", write_page_checksum=True) as writer:
        writer.write_table(table, ROWS_PER_GROUP)
        writer.add_key_value_metadata({_SUM.decode(): _NO_SUM.decode()})
    data: bytes = sink.getvalue().to_pybytes()
    found = _WITH_SUM.search(data, len(data) - _TAIL_BYTES - _footer_bytes(data[-_TAIL_BYTES:]))
    assert found is not None, "it was written just now"
    digest = hashlib.sha256(data).hexdigest().encode()
    return data[: found.start(1)] + digest + data[found.end(1) :]


def _footer_bytes(tail: bytes) -> int:
    return int.from_bytes(tail[:4], "little")


def _check_sum(store: Store, key: str, where: str) -> None:
    """Check a plan file against its sum; a file without one has an earlier version, which `PlanFile` checks.

    Raises:
        ObjectMissing: there is no such file.
        RecordRefused: the sum is wrong.
    """
    info = store.head(key)
    if info is None:
        message = f"{where}: no such object"
        raise ObjectMissing(message)
    size = info.size_bytes
    tail = store.get_range(key, max(size - _TAIL_BYTES, 0), size)
    start = max(size - _TAIL_BYTES - _footer_bytes(tail), 0)
    found = _WITH_SUM.search(store.get_range(key, start, size))
    if found is None:
        return
    place = start + found.start(1)
    digest = hashlib.sha256()
    for begin in range(0, size, _READ_BYTES):
        piece = bytearray(store.get_range(key, begin, min(begin + _READ_BYTES, size)))
        first, last = max(place - begin, 0), min(place + len(_NO_SUM) - begin, len(piece))
        if first < last:
            piece[first:last] = _NO_SUM[: last - first]
        digest.update(piece)
    if digest.hexdigest().encode() != found[1]:
        message = f"{where}: its bytes do not fit the sum in it; {_CHANGED}"
        raise RecordRefused(message)
