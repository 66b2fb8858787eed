"""A small Parquet file that expands to a huge table is refused before it is read."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from manifests.errors import RecordRefused
from manifests.ledger.records import ObjectRef
from manifests.snapshot.reader import Manifest, open_manifest
from manifests.snapshot.snapshot import TableRef
from manifests.state.file import read_states
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

NUM_ROWS = 3_000_000


def many_rows(table: pa.Table) -> bytes:
    """A table's first row, repeated many times, which the encoding says in a few bytes."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:
        writer.write_table(table.take(pa.array([0] * NUM_ROWS)))
    data: bytes = sink.getvalue().to_pybytes()
    return data


@pytest.fixture
def bombed(sound: Path, tmp_path: Path) -> Manifest:
    """A manifest that says its gops table has as many rows as before, and whose file has millions."""
    manifest = open_manifest(sound)
    data = many_rows(manifest.gops().select(["game_id", "file_number"]))
    store = open_store(tmp_path)
    store.put("gops.parquet", data)
    ref = ObjectRef("gops.parquet", len(data), hashlib.sha256(data).hexdigest())
    tables = {**manifest.snapshot.tables, "gops": TableRef(ref, manifest.snapshot.tables["gops"].num_rows)}
    return dataclasses.replace(
        manifest, store=store, snapshot=dataclasses.replace(manifest.snapshot, tables=tables)
    )


@pytest.mark.slow
def test_a_table_of_other_rows_than_the_snapshot_says_is_refused_unread(bombed: Manifest):
    assert bombed.snapshot.tables["gops"].object.size_bytes < 1 << 20
    for read in (bombed.gops, lambda: list(bombed.batches("gops"))):
        with pytest.raises(RecordRefused, match=rf"gops\.parquet: it has {NUM_ROWS} rows, recorded are"):
            read()


@pytest.mark.slow
def test_rows_that_would_take_more_than_rows_do_are_refused(tmp_path: Path):
    text = pa.array(["x" * (200 << 20)])
    pq.write_table(pa.table({"slp_frame": [1], "x": text}), tmp_path / "a.parquet", use_dictionary=False)
    with pytest.raises(ValueError, match="rows would take"):
        read_states(tmp_path / "a.parquet")
