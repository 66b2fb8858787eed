"""Simulates a dataset with any number of games, whose manifests name the same few states files repeatedly."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.ledger.dataset import open_or_create, read_description
from manifests.ledger.records import ObjectRef
from manifests.ledger.tables import MANIFEST_TABLES, arrow_schema
from manifests.snapshot.reader import open_manifest
from manifests.snapshot.snapshot import TableRef, Totals, publish_snapshot
from manifests.store.open import open_store

if TYPE_CHECKING:
    from manifests.snapshot.reader import Manifest


def repeat_games(source: Path, target: Path, num_games: int) -> None:
    """Make a dataset of `num_games` games by repeating those of a dataset of states alone in `source`.

    It has manifests, but no ledger and no plan; its states files are links to those of `source`. Since the
    same few games repeat, shards of packed states are also few files that are mapped repeatedly.
    """
    manifest = open_manifest(source)
    large = open_store(target)
    open_or_create(large, read_description(manifest.store))
    for key in sorted(set(manifest.chunks()["states_key"].to_pylist())):
        # Hard links are used, since a symbolic link that leads out of a dataset is not followed.
        (target / key).parent.mkdir(parents=True, exist_ok=True)
        os.link(source / key, target / key)
    tables = _repeated(manifest, num_games)
    totals = Totals(
        num_committed=num_games, num_set_aside=0, num_chunks=tables["chunks"].num_rows,
        num_frames=int(np.sum(tables["games"]["num_frames"].to_numpy())), video_bytes=0, states_bytes=0,
        rejects={},
    )  # fmt: skip
    with TemporaryDirectory(dir=target.parent) as folder:
        files = {name: Path(folder) / f"{name}.parquet" for name in MANIFEST_TABLES}
        for name, path in files.items():
            pq.write_table(tables[name].cast(arrow_schema(name)), path, compression="zstd")
        publish_snapshot(large, files, {name: table_ref(name, path) for name, path in files.items()}, totals)


def table_ref(name: str, path: Path) -> TableRef:
    """Return a reference to a written table: its size, hash and number of rows."""
    data = path.read_bytes()
    rows = pq.read_metadata(path).num_rows
    return TableRef(ObjectRef(name, len(data), hashlib.sha256(data).hexdigest()), rows)


def _repeated(manifest: Manifest, num_games: int) -> dict[str, pa.Table]:
    games, chunks = manifest.games(), manifest.chunks()
    turn = np.arange(num_games) % games.num_rows
    ids = sorted(hashlib.sha256(str(number).encode()).hexdigest() for number in range(num_games))
    per_game = games["num_chunks"].to_numpy()
    first = np.concatenate([[0], np.cumsum(per_game)[:-1]])
    counts = per_game[turn]
    # Chunks are sorted by their games, in the order of the games table.
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = chunks.take(np.repeat(first[turn], counts) + within)
    owner = pa.array(np.repeat(np.array(ids, object), counts), pa.string())
    rows = _with(_with(rows, "game_id", owner), "file_number", pa.array(np.arange(rows.num_rows)))
    empty = {name: arrow_schema(name).empty_table() for name in MANIFEST_TABLES}
    return {**empty, "games": _with(games.take(turn), "game_id", pa.array(ids, pa.string())), "chunks": rows}


def _with(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), table.schema.field(name), column)
