"""Read what was made: the newest snapshot's tables, as Arrow, from a folder or a bucket.

    manifest = open_manifest("dataset")
    manifest.games().filter(pc.field("stage_name") == "BATTLEFIELD")
    manifest.table("chunks", columns=["video_key", "num_frames"])

Nothing here knows how a dataset is made. The tables are plain Parquet; any other reader will do as well.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import RecordRefused
from manifests.ledger.dataset import DatasetDescription, read_description
from manifests.ledger.tables import MANIFEST_TABLES
from manifests.snapshot.snapshot import Snapshot, current_snapshot, read_snapshot
from manifests.store.object_file import open_parquet
from manifests.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from manifests.ledger.records import ObjectRef
    from manifests.store.contract import Store


@dataclass(frozen=True, slots=True)
class Manifest:
    """One snapshot of a dataset. It stays readable, and the same, while games are added and finalized.

    Attributes:
        store: where the dataset is; chunk objects are got by the keys in the tables.
        description: what dataset.json says.
        snapshot: the numbers, sizes and hashes of its tables.
    """

    store: Store
    description: DatasetDescription
    snapshot: Snapshot

    def games(self) -> pa.Table:
        """One row per committed game, in order of game_id."""
        return self.table("games")

    def chunks(self) -> pa.Table:
        """One row per pair, in order of game_id and chunk_index."""
        return self.table("chunks")

    def gops(self) -> pa.Table:
        """One row per group of pictures; many millions for a large dataset, see `batches`."""
        return self.table("gops")

    def rejects(self) -> pa.Table:
        """One row per game that was set aside, with its reason."""
        return self.table("rejects")

    def files(self) -> pa.Table:
        """One row per chunk object, with size and sha256."""
        return self.table("files")

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One table, whole, or some of its columns.

        Raises:
            ValueError: no such table.
            RecordRefused: its bytes are not those that the snapshot names.
        """
        data = self.store.get(self._object(name).key)
        if hashlib.sha256(data).hexdigest() != self._object(name).sha256:
            message = (
                f"{self.store.url}/{self._object(name).key}: not the bytes that its snapshot names; audit it"
            )
            raise RecordRefused(message)
        return pq.read_table(pa.BufferReader(data), columns=columns and list(columns))

    def batches(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """One table in batches of bounded size, in order.

        Raises:
            ValueError: no such table.
        """
        with open_parquet(self.store, self._object(name).key) as file:
            yield from file.iter_batches(columns=columns and list(columns), use_threads=False)

    def _object(self, name: str) -> ObjectRef:
        if name not in self.snapshot.tables:
            message = f"no table {name!r}; there are {', '.join(MANIFEST_TABLES)}"
            raise ValueError(message)
        return self.snapshot.tables[name].object


def open_manifest(dataset: str | Path | Store, snapshot: int | None = None) -> Manifest:
    """Open a dataset's newest snapshot, or the one of a given number.

    Args:
        dataset: URL or folder of the dataset, or its store.
        snapshot: a snapshot's number; the newest by default.

    Raises:
        SchemaRefused: no dataset, or one of another schema.
        NotFinalized: nothing was compiled yet.
        ObjectMissing: no snapshot of that number.
    """
    store = open_store(dataset) if isinstance(dataset, str | PathLike) else dataset
    description = read_description(store)
    found = current_snapshot(store) if snapshot is None else read_snapshot(store, snapshot)
    return Manifest(store, description, found)
