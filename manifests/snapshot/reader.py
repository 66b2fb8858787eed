"""Read the tables of a snapshot as Arrow tables, from a folder or an S3 bucket.

    from manifests import open_manifest

    manifest = open_manifest("dataset")
    manifest.games().filter(pc.field("stage_name") == "BATTLEFIELD")
    manifest.table("chunks", columns=["video_key", "num_frames"])

The tables are plain Parquet files, so any other Parquet reader works as well.
"""

from __future__ import annotations

import bisect
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests.errors import NotFinalized, RecordRefused
from manifests.ledger.dataset import DatasetDescription, read_description
from manifests.ledger.tables import MANIFEST_TABLES, missing_columns, with_all_columns
from manifests.snapshot.snapshot import Snapshot, current_snapshot, read_snapshot
from manifests.store.contract import ObjectMissing
from manifests.store.object_file import open_parquet, refuse_bomb
from manifests.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from manifests.snapshot.snapshot import TableRef
    from manifests.store.contract import Store


@dataclass(frozen=True, slots=True)
class Manifest:
    """One snapshot of a dataset's tables. It stays readable and unchanged while games are added.

    Attributes:
        store: the dataset's store; `store.get` reads chunk objects by the keys in the tables.
        description: the contents of dataset.json.
        snapshot: the snapshot's number and totals, and the keys, sizes and hashes of its tables.
    """

    store: Store
    description: DatasetDescription
    snapshot: Snapshot

    def games(self) -> pa.Table:
        """Read the games table: one row per committed game, in order of game_id."""
        return self.table("games")

    def chunks(self) -> pa.Table:
        """Read the chunks table: one row per chunk, in order of game_id and chunk_index."""
        return self.table("chunks")

    def gops(self) -> pa.Table:
        """Read the gops table: one row per group of pictures. Large datasets have millions: see `batches`."""
        return self.table("gops")

    def rejects(self) -> pa.Table:
        """Read the rejects table: one row per game that was set aside, with its reason."""
        return self.table("rejects")

    def files(self) -> pa.Table:
        """Read the files table: one row per chunk object, with size and sha256."""
        return self.table("files")

    def events(self) -> pa.Table:
        """Read the events table: one row per hit, death, throw and so on, in order of game_id and slp_frame.

        Raises:
            ValueError: the snapshot is older than this table.
        """
        return self.table("events")

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read a table, or some of its columns; columns that an older snapshot lacks are null.

        Raises:
            ValueError: there is no such table, or no such column in it.
            RecordRefused: the table's bytes or rows are not those that the snapshot names.
        """
        ref = self._table(name)
        where = f"{self.store.url}/{ref.object.key}"
        with self._told_if_missing(name):
            data = self.store.get(ref.object.key)
        if hashlib.sha256(data).hexdigest() != ref.object.sha256:
            message = f"{where}: not the bytes that its snapshot names; audit it"
            raise RecordRefused(message)
        # Read on this thread only: one of Arrow's threads that still holds Python bytes when the program ends
        # aborts it.
        try:
            with pq.ParquetFile(pa.BufferReader(data), pre_buffer=False) as file:
                refuse_bomb(file.metadata, where, ref.num_rows)
                rows = file.read(columns=_there(file, name, columns), use_threads=False)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            message = f"{where}: no sound Parquet file ({error!s:.100}), though its sum fits; finalize anew"
            raise RecordRefused(message) from error
        return with_all_columns(name, rows, columns)

    def batches(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Read a table, or some of its columns, in batches of bounded size, in order.

        Raises:
            ValueError: there is no such table.
            RecordRefused: the table's rows are not those that the snapshot names.
        """
        ref = self._table(name)
        with self._told_if_missing(name), open_parquet(self.store, ref.object.key, ref.num_rows) as file:
            for batch in file.iter_batches(columns=_there(file, name, columns), use_threads=False):
                yield from with_all_columns(name, pa.Table.from_batches([batch]), columns).to_batches()

    def rows_of_games(self, name: str, game_ids: Sequence[str]) -> Iterator[pa.Table]:
        """Read the rows of some games from a table in order of game_id, without reading all of it.

        A table is in order of game_id, and its footer says which games each group of rows holds. So only the
        groups that can hold one of these games are read.

        Args:
            name: name of the table.
            game_ids: which games.

        Yields:
            Tables of bounded size with only the rows of these games, in order.

        Raises:
            ValueError: there is no such table.
            RecordRefused: the table's rows are not those that the snapshot names.
        """
        wanted = pa.array(sorted(game_ids), pa.string())
        ref = self._table(name)
        with self._told_if_missing(name), open_parquet(self.store, ref.object.key, ref.num_rows) as file:
            place = file.schema_arrow.names.index("game_id")
            for number in range(file.num_row_groups):
                bounds = file.metadata.row_group(number).column(place).statistics
                if bounds is not None and bounds.has_min_max and not _holds(wanted, bounds.min, bounds.max):
                    continue
                rows = with_all_columns(name, file.read_row_group(number, use_threads=False), None)
                yield rows.filter(pc.is_in(rows["game_id"], wanted))

    @contextmanager
    def _told_if_missing(self, name: str) -> Iterator[None]:
        key = self._table(name).object.key
        try:
            yield
        except ObjectMissing as error:
            message = (
                f"{self.store.url}/{key} is gone, a table of the snapshot: "
                f"run farm finalize --from-scratch {self.store.url}"
            )
            raise ObjectMissing(message) from error

    def _table(self, name: str) -> TableRef:
        if name not in self.snapshot.tables:
            there = [one for one in MANIFEST_TABLES if one in self.snapshot.tables]
            message = f"no table {name!r}; there are {', '.join(there)}"
            if name in MANIFEST_TABLES:
                message += ". This snapshot is from before it: run farm finalize again"
            raise ValueError(message)
        return self.snapshot.tables[name]


def _holds(wanted: pa.Array, low: str, high: str) -> bool:
    """Whether any of these sorted game_ids lies in [low, high]."""
    place = bisect.bisect_left(wanted, low, key=lambda each: each.as_py())
    return bool(place < len(wanted) and wanted[place].as_py() <= high)


def _there(file: pq.ParquetFile, name: str, columns: Sequence[str] | None) -> list[str] | None:
    """Return the wanted columns without those that an older table lacks."""
    if columns is None:
        return None
    lacking = missing_columns(name, file.schema_arrow.names)
    if unknown := [column for column in columns if column not in {*file.schema_arrow.names, *lacking}]:
        message = f"table {name!r} has no column {unknown[0]!r}; it has {', '.join(file.schema_arrow.names)}"
        raise ValueError(message)
    return [column for column in columns if column not in lacking]


def open_manifest(dataset: str | Path | Store, snapshot: int | None = None) -> Manifest:
    """Open a dataset's newest snapshot, or the snapshot with a given number, to read its tables.

    Args:
        dataset: folder or URL of the dataset, or its store.
        snapshot: number of the snapshot; the newest by default.

    Raises:
        SchemaRefused: there is no dataset, or one with another schema.
        NotFinalized: no snapshot was compiled yet.
        ObjectMissing: there is no snapshot with that number.
    """
    store = open_store(dataset) if isinstance(dataset, str | PathLike) else dataset
    description = read_description(store)
    found = current_snapshot(store) if snapshot is None else read_snapshot(store, snapshot)
    return Manifest(store, description, found)


def compiled_game_ids(store: Store) -> set[str]:
    """List the committed games in the newest snapshot; none if nothing was compiled yet.

    The ledger entries of these games never change, so a program that knows the snapshot need not read them.

    Raises:
        DatasetError: the manifests cannot be read.
    """
    try:
        return set(open_manifest(store).table("games", ["game_id"])["game_id"].to_pylist())
    except NotFinalized:
        return set()
