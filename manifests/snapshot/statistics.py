"""Compute mean and deviation of every state column over the games of a snapshot, from recorded values only.

The statistics are computed from whole games, because some columns depend on earlier frames. They are added up
in order of game_id, so that the same snapshot always gives the same bytes. All states files are read, which
takes about a quarter of a second a game, so the statistics are computed only when somebody asks for them.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import NotFinalized, RecordRefused
from manifests.snapshot.moments import MaskedMoments, game_moments, statistics_columns
from manifests.state.file import read_states
from manifests.state.joined import joined
from manifests.store.contract import ObjectMissing
from manifests.store.keys import manifest_key
from manifests.store.object_file import refuse_bomb
from manifests.store.read_ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manifests.snapshot.reader import Manifest
    from manifests.state.table import StateTable
    from manifests.store.contract import Store

ALL: Final = "all"
"""The name of the rows that hold the statistics of all splits together."""
_THREADS: Final = 4  # threads that fetch states files ahead
_TABLE: Final = "statistics"
_DOCS: Final = {
    "split": (pa.string(), f"train, val or test, or {ALL} for all games"),
    "column": (pa.string(), "a recorded or derived column, by its full name; quantities and flags"),
    "num_frames": (pa.int64(), "frames of the games"),
    "num_values": (pa.int64(), "how many of them have a value; the rest is no part of the statistics"),
    "mean": (pa.float64(), "null where there is no value, as are the next three"),
    "deviation": (pa.float64(), "the standard deviation, of all values and not of a sample"),
    "low": (pa.float64(), "the least value"),
    "high": (pa.float64(), "the largest value"),
}
SCHEMA: Final = pa.schema(
    [pa.field(name, kind, metadata={"doc": doc}) for name, (kind, doc) in _DOCS.items()]
)


def write_statistics(manifest: Manifest, on_game: Callable[[int], None] = lambda _: None) -> pa.Table:
    """Compute the statistics of a snapshot's games and put them beside its tables, unless they exist.

    Args:
        manifest: the snapshot.
        on_game: function that is called with the number of games done so far.

    Raises:
        RecordRefused: a states file is not the one that the manifest names.
        StoreFailed: the store failed.
    """
    try:
        return read_statistics(manifest)
    except NotFinalized:
        pass
    total: dict[str, MaskedMoments] = {}
    for done, (split, table) in enumerate(_games(manifest)):
        found = game_moments(table)
        for name in (split, ALL) if split else (ALL,):
            total[name] = total.get(name, MaskedMoments.none(len(statistics_columns()))) + found
        on_game(done + 1)
    rows = _rows(total)
    data = io.BytesIO()
    pq.write_table(rows, data, compression="zstd", write_page_checksum=True)
    manifest.store.put_if_absent(_key(manifest), data.getvalue())
    return rows


def read_statistics(manifest: Manifest) -> pa.Table:
    """Read the statistics of a snapshot: a row per split and column, see `SCHEMA`.

    Raises:
        NotFinalized: the statistics were not computed.
    """
    key = _key(manifest)
    try:
        data = manifest.store.get(key)
    except ObjectMissing as error:
        message = f"{manifest.store.url}/{key}: not there; run farm finalize --statistics"
        raise NotFinalized(message) from error
    with pq.ParquetFile(pa.BufferReader(data), pre_buffer=False) as file:
        refuse_bomb(file.metadata, f"{manifest.store.url}/{key}")
        return file.read(use_threads=False)


def _key(manifest: Manifest) -> str:
    return manifest_key(manifest.snapshot.number, _TABLE)


def _games(manifest: Manifest) -> Iterator[tuple[str | None, StateTable]]:
    """Yield every game's split and state, in order of game_id."""
    columns = ["game_id", "split", "states_key", "states_sha256"]
    chunks = (row for batch in manifest.batches("chunks", columns) for row in batch.to_pylist())
    read = read_ahead(partial(_state_of, manifest.store), chunks, _THREADS)
    for _, of_game in itertools.groupby(read, key=lambda pair: pair[0]["game_id"]):
        pairs = list(of_game)
        yield pairs[0][0]["split"], joined([state for _, state in pairs])


def _state_of(store: Store, chunk: dict[str, str]) -> StateTable:
    data = store.get(chunk["states_key"])
    if hashlib.sha256(data).hexdigest() != chunk["states_sha256"]:
        message = f"{store.url}/{chunk['states_key']}: not the bytes that the manifest names; audit it"
        raise RecordRefused(message)
    return read_states(data)


def _rows(total: dict[str, MaskedMoments]) -> pa.Table:
    """Make the rows of the table: splits in order of name, and for each the columns in the schema's order."""
    parts = []
    for split, moments in sorted(total.items()):
        length, is_known = len(statistics_columns()), moments.count > 0
        deviation = np.sqrt(moments.deviations / np.maximum(moments.count, 1))
        columns = [
            pa.array([split] * length),
            pa.array(statistics_columns()),
            pa.array([moments.num_frames] * length, pa.int64()),
            pa.array(moments.count.astype(np.int64)),
            *(
                pa.array(values, mask=~is_known)
                for values in (moments.mean, deviation, moments.low, moments.high)
            ),
        ]
        parts.append(pa.Table.from_arrays(columns, schema=SCHEMA))
    return pa.concat_tables(parts) if parts else SCHEMA.empty_table()
