"""Read and publish snapshots. A snapshot is one compiled set of tables that never changes once complete.

A snapshot is written in this order: its tables (manifest/NNNN/games.parquet and so on), then its
manifest/NNNN/snapshot.json, which completes it, then manifest/current.json, a copy of the newest
snapshot.json.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping  # noqa: TC003 - canonical_json reads the fields' types at run time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manifests.errors import NotFinalized, SchemaRefused
from manifests.ledger.records import ObjectRef
from manifests.ledger.tables import ADDED_TABLES, MANIFEST_TABLES, SCHEMA_VERSION
from manifests.store.canonical_json import ADDED_LATER, from_plain, parse, readable, to_plain
from manifests.store.contract import ObjectMissing
from manifests.store.keys import CURRENT_KEY, MANIFEST_PREFIX, manifest_key, snapshot_key, snapshot_number_of

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

_MAX_TRIES: Final = 20
_BY_CONTENT: Final = 10**9
"""Step between snapshot numbers made from content, for stores that cannot say which writer came first."""


@dataclass(frozen=True, slots=True)
class TableRef:
    """One table of a snapshot: its object and its number of rows."""

    object: ObjectRef
    num_rows: int


@dataclass(frozen=True, slots=True)
class Totals:
    """The totals of a snapshot: numbers of games, chunks, frames and bytes.

    Attributes:
        num_committed, num_set_aside: number of games of each kind.
        num_chunks: number of chunks of all committed games.
        num_frames: number of frames of all chunks.
        video_bytes, states_bytes: bytes of all videos, and of all states files.
        rejects: number of games that were set aside, by reason.
    """

    num_committed: int
    num_set_aside: int
    num_chunks: int
    num_frames: int
    video_bytes: int
    states_bytes: int
    rejects: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The contents of snapshot.json and current.json.

    Attributes:
        number: the snapshot's number, from 0.
        tables: the tables by name; old snapshots lack ADDED_TABLES.
        totals: sums over the tables.
        records: sha256 of dataset.json and of every plan file, by key, when the snapshot was compiled; None
            in snapshots from before this was recorded.

    Raises:
        ValueError: tables are missing or unknown.
    """

    number: int
    tables: Mapping[str, TableRef]
    totals: Totals
    records: Mapping[str, str] | None = field(default=None, metadata=ADDED_LATER)

    def __post_init__(self) -> None:
        if not set(MANIFEST_TABLES) - ADDED_TABLES <= set(self.tables) <= set(MANIFEST_TABLES):
            message = f"a snapshot has the tables {sorted(MANIFEST_TABLES)}, got {sorted(self.tables)}"
            raise ValueError(message)

    def to_json(self) -> bytes:
        """Make the bytes of snapshot.json."""
        return readable({"schema_version": SCHEMA_VERSION, **to_plain(self)})

    @classmethod
    def from_json(cls, data: bytes, where: str) -> Snapshot:
        """Read the bytes of a snapshot.json; `where` names the place in errors.

        Raises:
            SchemaRefused: it has another schema version.
            RecordRefused: a field is missing, unknown, or of another type.
        """
        plain = parse(data, where)
        version = plain.pop("schema_version", None)
        if version != SCHEMA_VERSION:
            message = (
                f"{where}: schema version {version!r:.20}; this program reads {SCHEMA_VERSION}: run farm "
                "finalize again"
            )
            raise SchemaRefused(message)
        return from_plain(cls, plain, where)


def current_snapshot(store: Store) -> Snapshot:
    """Read the newest snapshot.

    Raises:
        NotFinalized: there is no snapshot yet.
        SchemaRefused: the snapshot has another schema version.
    """
    where = f"{store.url}/{CURRENT_KEY}"
    try:
        data = store.get(CURRENT_KEY)
    except ObjectMissing as error:
        message = f"{where}: not there; run `farm finalize {store.url}` to compile what is done so far"
        raise NotFinalized(message) from error
    return Snapshot.from_json(data, where)


def read_snapshot(store: Store, number: int) -> Snapshot:
    """Read the snapshot with a given number.

    Raises:
        ObjectMissing: there is no snapshot with that number, or it was never completed.
    """
    key = snapshot_key(number)
    return Snapshot.from_json(store.get(key), f"{store.url}/{key}")


def complete_snapshot_numbers(store: Store) -> list[int]:
    """List the numbers of all complete snapshots, ascending."""
    return sorted(
        number
        for info in store.list(MANIFEST_PREFIX)
        if (number := snapshot_number_of(info.key)) is not None and info.key == snapshot_key(number)
    )


def publish_snapshot(
    store: Store,
    files: Mapping[str, Path],
    tables: Mapping[str, TableRef],
    totals: Totals,
    records: Mapping[str, str] | None = None,
) -> Snapshot:
    """Put finished tables on the store under the next free number, and make current.json name them.

    Args:
        store: the dataset's store.
        files: the local Parquet file of each table.
        tables: size, hash and number of rows of each table; the keys in them are replaced.
        totals: sums over the tables.
        records: sha256 of dataset.json and of every plan file, by key; None to record none.

    Raises:
        NotFinalized: other finalizers that ran at the same time took every number that was tried.
        StoreFailed: the store failed.
    """
    for _ in range(_MAX_TRIES):
        # Numbers of incomplete snapshots count as taken, too: somebody may still be writing their tables.
        free = 1 + max(
            (n for info in store.list(MANIFEST_PREFIX) if (n := snapshot_number_of(info.key)) is not None),
            default=-1,
        )
        number = free if store.has_conditional_writes else _number_by_content(free, tables)
        snapshot = Snapshot(number, _with_keys(tables, number), totals, records)
        if _put_whole(store, snapshot, files):
            _point_at_newest(store)
            return snapshot
    message = f"{store.url}: {_MAX_TRIES} snapshot numbers were taken meanwhile; finalize again"
    raise NotFinalized(message)


def _number_by_content(free: int, tables: Mapping[str, TableRef]) -> int:
    """Make a number, at least `free`, that two finalizers get only if they write the same bytes."""
    hashes = "".join(tables[name].object.sha256 for name in sorted(tables))
    content = int(hashlib.sha256(hashes.encode()).hexdigest(), 16) % _BY_CONTENT
    return -(-free // _BY_CONTENT) * _BY_CONTENT + content


def _put_whole(store: Store, snapshot: Snapshot, files: Mapping[str, Path]) -> bool:
    """Put the tables and then snapshot.json; return False if the number was taken, or is not the newest."""
    if store.has_conditional_writes:
        # The first table reserves the number: a simultaneous finalizer finds it and takes the next number.
        if not all(store.put_if_absent(ref.object.key, files[name]) for name, ref in snapshot.tables.items()):
            return False
        store.put_if_absent(snapshot_key(snapshot.number), snapshot.to_json())
        return True
    for name, ref in snapshot.tables.items():
        store.put(ref.object.key, files[name])
    store.put(snapshot_key(snapshot.number), snapshot.to_json())
    return complete_snapshot_numbers(store)[-1] == snapshot.number


def _with_keys(tables: Mapping[str, TableRef], number: int) -> dict[str, TableRef]:
    return {
        name: TableRef(
            ObjectRef(manifest_key(number, name), table.object.size_bytes, table.object.sha256),
            table.num_rows,
        )
        for name, table in tables.items()
    }


def _point_at_newest(store: Store) -> None:
    """Make current.json the newest complete snapshot, even if two finalizers end at the same time."""
    # The last finalizer to write it has listed the snapshots after the other one was completed, so the newest
    # snapshot stays.
    newest = -1
    while (seen := complete_snapshot_numbers(store)[-1]) != newest:
        newest = seen
        store.put(CURRENT_KEY, store.get(snapshot_key(newest)))
