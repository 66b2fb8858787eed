"""A snapshot: one compiled state of the manifests, complete once its snapshot.json exists, then fixed.

manifest/NNNN/{games,chunks,gops,rejects,files}.parquet, then manifest/NNNN/snapshot.json, then
manifest/current.json, which holds the same bytes as the newest snapshot.json
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - canonical_json reads the fields' types at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.errors import NotFinalized, SchemaRefused
from manifests.ledger.records import ObjectRef
from manifests.ledger.tables import MANIFEST_TABLES, SCHEMA_VERSION
from manifests.store.canonical_json import from_plain, parse, readable, to_plain
from manifests.store.contract import ObjectMissing
from manifests.store.keys import CURRENT_KEY, MANIFEST_PREFIX, manifest_key, snapshot_key, snapshot_number_of

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

_MAX_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class TableRef:
    """One table of a snapshot: its object and its number of rows."""

    object: ObjectRef
    num_rows: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What a snapshot adds up to.

    Attributes:
        num_committed, num_set_aside: games.
        num_chunks: pairs.
        num_frames: in all chunks.
        video_bytes, states_bytes: of all objects.
        rejects: games set aside, by reason.
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
    """What snapshot.json and current.json say.

    Attributes:
        number: from 0.
        tables: the five tables by name.
        totals: what they add up to.

    Raises:
        ValueError: not the five tables.
    """

    number: int
    tables: Mapping[str, TableRef]
    totals: Totals

    def __post_init__(self) -> None:
        if set(self.tables) != set(MANIFEST_TABLES):
            message = f"a snapshot has the tables {sorted(MANIFEST_TABLES)}, got {sorted(self.tables)}"
            raise ValueError(message)

    def to_json(self) -> bytes:
        """The bytes of snapshot.json."""
        return readable({"schema_version": SCHEMA_VERSION, **to_plain(self)})

    @classmethod
    def from_json(cls, data: bytes, where: str) -> Snapshot:
        """Read a snapshot.json; `where` names it in errors.

        Raises:
            SchemaRefused: of another schema version.
            RecordRefused: anything missing, unknown or ill-typed.
        """
        plain = parse(data, where)
        version = plain.pop("schema_version", None)
        if version != SCHEMA_VERSION:
            message = f"{where}: schema version {version!r:.20}, not {SCHEMA_VERSION}; finalize again"
            raise SchemaRefused(message)
        return from_plain(cls, plain, where)


def current_snapshot(store: Store) -> Snapshot:
    """The newest snapshot.

    Raises:
        NotFinalized: there is none yet.
        SchemaRefused: of another schema version.
    """
    where = f"{store.url}/{CURRENT_KEY}"
    try:
        data = store.get(CURRENT_KEY)
    except ObjectMissing as error:
        message = f"{where}: not there; run `farm finalize {store.url}` to compile what is done so far"
        raise NotFinalized(message) from error
    return Snapshot.from_json(data, where)


def read_snapshot(store: Store, number: int) -> Snapshot:
    """The snapshot of this number.

    Raises:
        ObjectMissing: there is none, or it was never completed.
    """
    key = snapshot_key(number)
    return Snapshot.from_json(store.get(key), f"{store.url}/{key}")


def complete_snapshot_numbers(store: Store) -> list[int]:
    """The numbers of all complete snapshots, ascending."""
    return sorted(
        number
        for info in store.list(MANIFEST_PREFIX)
        if (number := snapshot_number_of(info.key)) is not None and info.key == snapshot_key(number)
    )


def publish_snapshot(
    store: Store, files: Mapping[str, Path], tables: Mapping[str, TableRef], totals: Totals
) -> Snapshot:
    """Put finished tables on the store under the next free number, and move current.json.

    Args:
        store: where to.
        files: the local parquet file of each table.
        tables: size, hash and rows of each; the keys in them are replaced.
        totals: what they add up to.

    Raises:
        StoreFailed: the store failed, or other finalizers took one number after the other.
    """
    number = 1 + max(
        (n for info in store.list(MANIFEST_PREFIX) if (n := snapshot_number_of(info.key)) is not None),
        default=-1,
    )
    for candidate in range(number, number + _MAX_TRIES):
        snapshot = Snapshot(candidate, _with_keys(tables, candidate), totals)
        # The first table decides whose number this is: another finalizer at the same time takes the next.
        if all(store.put_if_absent(ref.object.key, files[name]) for name, ref in snapshot.tables.items()):
            store.put_if_absent(snapshot_key(candidate), snapshot.to_json())
            _point_at_newest(store)
            return snapshot
    message = f"{store.url}: {_MAX_TRIES} snapshot numbers were taken meanwhile; finalize again"
    raise NotFinalized(message)


def _with_keys(tables: Mapping[str, TableRef], number: int) -> dict[str, TableRef]:
    return {
        name: TableRef(
            ObjectRef(manifest_key(number, name), table.object.size_bytes, table.object.sha256),
            table.num_rows,
        )
        for name, table in tables.items()
    }


def _point_at_newest(store: Store) -> None:
    """Make current.json the newest complete snapshot, also when two finalizers end at once."""
    newest = -1
    while (seen := complete_snapshot_numbers(store)[-1]) != newest:
        newest = seen
        store.put(CURRENT_KEY, store.get(snapshot_key(newest)))
