"""Compile the ledger into a new snapshot of the manifests, reading only entries that the last snapshot lacks.

    ledger listing (in order of game_id) --- groups of games ---> old rows kept + new entries' rows -> tables

A committed game's entry never changes, so its rows are copied from the last snapshot. Games that were set
aside may have been tried again, so their few entries are read again each time. If the store cannot say which
of two writers came first, an entry may be replaced by that of a racing worker, so all entries are read each
time. The bytes of the tables depend only on the ledger, whether it is compiled at once or step by step. If
nothing changed, no snapshot is written. Everything streams: memory does not grow with the dataset.
"""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests.errors import NotFinalized, SchemaRefused
from manifests.ledger.entry import done_game_ids, read_entries
from manifests.ledger.plan import plan_numbers
from manifests.ledger.records import ObjectRef
from manifests.ledger.tables import MANIFEST_TABLES, arrow_schema, with_all_columns
from manifests.snapshot.rows import SORT_KEYS, rows_of
from manifests.snapshot.snapshot import Snapshot, TableRef, Totals, current_snapshot, publish_snapshot
from manifests.store.keys import DATASET_KEY, plan_key
from manifests.store.object_file import open_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manifests.store.contract import Store

GAMES_PER_GROUP: Final = 512
"""How many games' rows are in memory at a time."""
ENTRIES_AT_A_TIME: Final = 32
"""How many games' entries are in memory at a time; an entry is a hundred times as large as its rows."""
ROWS_PER_GROUP: Final = 65_536
"""Least number of rows in a Parquet row group, except the last; groups end between games."""
SMALL_ROW_GROUPS: Final[Mapping[str, int]] = {"games": 4_096, "chunks": 8_192, "events": 16_384}
"""The same for tables whose rows hold evidence and facts of some kilobytes, since a whole group is in memory,
and for the events table, since a search reads the rows of a few games here and there."""


@dataclass(frozen=True, slots=True)
class Finalized:
    """The result of `finalize`.

    Attributes:
        snapshot: the newest snapshot after the call.
        is_new: False if nothing had changed since the last snapshot.
        num_read: how many ledger entries were read.
        num_kept: how many games' rows were copied from the last snapshot.
    """

    snapshot: Snapshot
    is_new: bool
    num_read: int
    num_kept: int


def finalize(store: Store, *, from_scratch: bool = False, scratch: Path | None = None) -> Finalized:
    """Compile the ledger as it is now into a new snapshot, unless the last snapshot has the same tables.

    Args:
        store: the dataset's store.
        from_scratch: read every entry, and copy nothing from the last snapshot.
        scratch: folder for the tables until they are put; the system's temporary folder by default.

    Raises:
        RecordRefused: a ledger entry is not as it was written; no snapshot is published.
        StoreFailed: the store failed; either no snapshot or a complete one is published.
    """
    last = None if from_scratch else _last_snapshot(store)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="dolphin-farm-finalize-") as folder:
        compiler = _Compiler(store, last if store.has_conditional_writes else None, Path(folder))
        with compiler:
            compiler.run()
        tables = compiler.table_refs()
        # Equal tables have equal bytes, so hashes tell whether anything changed.
        if last is not None and _hashes(last.tables) == _hashes(tables):
            return Finalized(last, is_new=False, num_read=compiler.num_read, num_kept=compiler.num_kept)
        records = _record_sums(store)
        snapshot = publish_snapshot(store, compiler.files, tables, compiler.totals(), records)
    return Finalized(snapshot, is_new=True, num_read=compiler.num_read, num_kept=compiler.num_kept)


class _Compiler:
    """Writes the tables into a folder; a context manager that closes them."""

    def __init__(self, store: Store, last: Snapshot | None, folder: Path) -> None:
        self._store = store
        self.files = {name: folder / f"{name}.parquet" for name in MANIFEST_TABLES}
        self._writers = {name: TableWriter(name, path) for name, path in self.files.items()}
        self._old = {
            name: _OldRows(store, name, last.tables[name].object.key if last else None)
            for name in MANIFEST_TABLES
        }
        self._sums: Counter[str] = Counter()
        self._rejects: Counter[str] = Counter()
        self.num_read = 0
        self.num_kept = 0

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        for name in MANIFEST_TABLES:
            self._old[name].close()
            self._writers[name].close()

    def run(self) -> None:
        game_ids = done_game_ids(self._store)
        while group := list(itertools.islice(game_ids, GAMES_PER_GROUP)):
            self._compile(group)

    def _compile(self, group: list[str]) -> None:
        """Compile one group of games, in order of game_id; rows that the last snapshot has are copied."""
        old = {name: rows.take_through(group[-1]) for name, rows in self._old.items()}
        kept = set(group) & set(old["games"]["game_id"].to_pylist())
        new, num_read = self._new_rows([game_id for game_id in group if game_id not in kept])
        self.num_kept += len(kept)
        self.num_read += num_read
        kept_ids = pa.array(sorted(kept), pa.string())
        for name in MANIFEST_TABLES:
            merged = new[name]
            if kept and name != "rejects":  # games that were set aside are read again, see the module
                merged = old[name].filter(pc.is_in(old[name]["game_id"], kept_ids))
                if new[name].num_rows:
                    merged = pa.concat_tables([merged, new[name]])
                    merged = merged.sort_by([(key, "ascending") for key in SORT_KEYS[name]])
            self._writers[name].write(merged)
            self._add_up(name, merged)

    def _new_rows(self, game_ids: list[str]) -> tuple[dict[str, pa.Table], int]:
        """Read entries, a few at a time; return the rows made from them, and the number of entries."""
        entries, num_read = read_entries(self._store, game_ids), 0
        parts = [rows_of(())]
        while batch := list(itertools.islice(entries, ENTRIES_AT_A_TIME)):
            parts.append(rows_of(batch))
            num_read += len(batch)
        return {name: pa.concat_tables([part[name] for part in parts]) for name in MANIFEST_TABLES}, num_read

    def _add_up(self, name: str, rows: pa.Table) -> None:
        if name == "games":
            for column in ("num_frames", "num_chunks", "video_bytes", "states_bytes"):
                self._sums[column] += pc.sum(rows[column]).as_py() or 0
        elif name == "rejects":
            self._rejects.update(rows["reason"].to_pylist())

    def totals(self) -> Totals:
        return Totals(
            num_committed=self._writers["games"].num_rows,
            num_set_aside=self._writers["rejects"].num_rows,
            num_chunks=self._sums["num_chunks"],
            num_frames=self._sums["num_frames"],
            video_bytes=self._sums["video_bytes"],
            states_bytes=self._sums["states_bytes"],
            rejects=dict(sorted(self._rejects.items())),
        )

    def table_refs(self) -> dict[str, TableRef]:
        """Make each table's reference: size, hash and row count; publishing fills in the key."""
        refs = {}
        for name, path in self.files.items():
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            refs[name] = TableRef(ObjectRef(name, path.stat().st_size, sha256), self._writers[name].num_rows)
        return refs


def rows_per_group(name: str) -> int:
    """Return the least number of rows in a row group of this table."""
    return SMALL_ROW_GROUPS.get(name, ROWS_PER_GROUP)


class TableWriter:
    """Writes the Parquet file of one table, in row groups of `rows_per_group` or more that end between games.

    To find some games, a reader reads only the groups that hold them, as the footer has each group's bounds.

    Args:
        name: name of the table.
        path: path of the file, which is replaced.
    """

    def __init__(self, name: str, path: Path) -> None:
        self._schema, self._least_rows = arrow_schema(name), rows_per_group(name)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", write_page_checksum=True)
        self._waiting: list[pa.Table] = []
        self._num_waiting = 0
        self.num_rows = 0

    def write(self, rows: pa.Table) -> None:
        """Add the rows of some games, which must come after the games written so far."""
        self._waiting.append(rows)
        self._num_waiting += rows.num_rows
        self.num_rows += rows.num_rows
        if self._num_waiting >= self._least_rows:
            self._flush()

    def close(self) -> None:
        """Write the remaining rows and the footer, and close the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._num_waiting:
            rows = pa.concat_tables(self._waiting).combine_chunks().cast(self._schema)
            for start, end in itertools.pairwise(_group_bounds(rows, self._least_rows)):
                self._writer.write_table(rows.slice(start, end - start), row_group_size=end - start)
        self._waiting, self._num_waiting = [], 0


def _group_bounds(rows: pa.Table, least_rows: int) -> list[int]:
    """Find the bounds of row groups in rows in order of game_id; every group ends after a whole game.

    A group has `least_rows` rows, and then the remaining rows of its last game.
    """
    bounds = [0]
    if "game_id" in rows.column_names and rows.num_rows > least_rows:
        ids = rows["game_id"].combine_chunks().dictionary_encode().indices.to_numpy()
        starts = np.flatnonzero(np.diff(ids, prepend=-1))
        while (place := int(np.searchsorted(starts, bounds[-1] + least_rows))) < len(starts):
            bounds.append(int(starts[place]))
    return [*bounds, rows.num_rows] if bounds[-1] < rows.num_rows else bounds


class _OldRows:
    """The rows of one table of the last snapshot, taken from the front in order of game_id."""

    def __init__(self, store: Store, name: str, key: str | None) -> None:
        self._name, self._empty = name, arrow_schema(name).empty_table()
        self._opened = ExitStack()
        self._batches: Iterator[pa.RecordBatch] = iter(())
        if key is not None:
            file = self._opened.enter_context(open_parquet(store, key))
            self._batches = file.iter_batches(rows_per_group(name), use_threads=False)
        self._ahead: pa.Table = self._empty

    def take_through(self, game_id: str) -> pa.Table:
        """Take all rows of the games up to and including this one that were not taken before."""
        taken = []
        while True:
            num_taken = pc.sum(pc.less_equal(self._ahead["game_id"], game_id)).as_py() or 0
            taken.append(self._ahead.slice(0, num_taken))
            self._ahead = self._ahead.slice(num_taken)
            if self._ahead.num_rows:
                break
            batch = next(self._batches, None)
            if batch is None:
                break
            rows = with_all_columns(self._name, pa.Table.from_batches([batch]))
            self._ahead = rows.cast(self._empty.schema)
        return pa.concat_tables(taken)

    def close(self) -> None:
        self._opened.close()


def _last_snapshot(store: Store) -> Snapshot | None:
    """Read the newest snapshot; None if there is none, or if its rows cannot be copied.

    A snapshot that lacks a table, or the numbers of events, was written by an older program that left out a
    part of the entries. So then all entries are read again.
    """
    try:
        last = current_snapshot(store)
    except (NotFinalized, SchemaRefused):
        return None
    if last.tables.keys() != set(MANIFEST_TABLES):
        return None
    with open_parquet(store, last.tables["games"].object.key) as games:
        return last if "event_counts" in games.schema_arrow.names else None


def _record_sums(store: Store) -> dict[str, str]:
    """Hash dataset.json and every plan file, so that an audit notices one that was changed or is missing."""
    keys = [DATASET_KEY, *(plan_key(number) for number in plan_numbers(store))]
    return {key: hashlib.sha256(store.get(key)).hexdigest() for key in keys if store.head(key) is not None}


def _hashes(tables: Any) -> dict[str, str]:
    return {name: table.object.sha256 for name, table in tables.items()}
