"""Writes contact sheets to the store: one picture per committed game, and a table of where each is.

    sheets/GAME_ID.jpg        sixteen frames with stamp, percents and actions
    sheets/sheets.parquet     game_id, key, size_bytes, sha256; to join with the manifest's games

The sheets are made from the pairs, so they can be made again at any time, and nothing else depends on them.
"""

from __future__ import annotations

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from farm.browse.pictures.stills import contact_sheet
from manifests.ledger.entry import read_entry
from manifests.store.contract import ObjectMissing
from manifests.store.made_beside import SHEETS_PREFIX, SHEETS_TABLE_KEY, sheet_key
from manifests.store.object_file import refuse_bomb

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.ledger.entry import LedgerEntry
    from manifests.snapshot.reader import Manifest
    from manifests.store.contract import Store

_DOCS: Final = {
    "game_id": "of the game; as in the manifest",
    "key": "of the JPEG, under the dataset's root",
    "size_bytes": "of the JPEG",
    "sha256": "of its bytes, hex",
}
_SCHEMA: Final = pa.schema(
    [
        pa.field(name, pa.int64() if name == "size_bytes" else pa.string(), metadata={"doc": doc})
        for name, doc in _DOCS.items()
    ]
)


@dataclass(frozen=True, slots=True)
class Sheets:
    """How many contact sheets were written now, and how many existed before."""

    num_written: int
    num_kept: int


def stored_sheet(store: Store, game_id: str) -> bytes | None:
    """Return a game's contact sheet, or None if none was written.

    Raises:
        StoreFailed: the store failed.
    """
    try:
        return store.get(sheet_key(game_id))
    except ObjectMissing:
        return None


def sheet_of(store: Store, entry: LedgerEntry) -> bytes:
    """Return a committed game's contact sheet: the written one, or else one made now.

    Raises:
        DatasetError: the store failed, or the video cannot be decoded.
    """
    return stored_sheet(store, entry.game_id) or contact_sheet(store, entry)


def write_sheets(
    store: Store, manifest: Manifest, on_game: Callable[[int, int], None] = lambda _done, _of: None
) -> Sheets:
    """Make the contact sheets that are missing, and the table of all sheets.

    Args:
        store: the dataset's store.
        manifest: the dataset's newest snapshot.
        on_game: called with (sheets made so far, sheets to make).

    Raises:
        DatasetError: the store failed, or a video cannot be decoded; sheets that were made stay.
    """
    rows = {row["game_id"]: row for row in _known_rows(store)}
    game_ids: list[str] = manifest.games().column("game_id").to_pylist()
    there = {info.key for info in store.list(SHEETS_PREFIX)}
    missing = [each for each in game_ids if each not in rows or sheet_key(each) not in there]

    def make(game_id: str) -> dict[str, object] | None:
        entry = read_entry(store, game_id)
        if entry is None or not entry.chunks:
            return None
        data, key = contact_sheet(store, entry), sheet_key(game_id)
        store.put(key, data)
        sha256 = hashlib.sha256(data).hexdigest()
        return {"game_id": game_id, "key": key, "size_bytes": len(data), "sha256": sha256}

    # Threads suffice: most of the time is spent decoding, during which other threads can run.
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        for done, row in enumerate(threads.map(make, missing), 1):
            if row is not None:
                rows[str(row["game_id"])] = row
            on_game(done, len(missing))
    kept = [rows[game_id] for game_id in sorted(game_ids) if game_id in rows]
    table = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(kept, _SCHEMA), table, compression="zstd")
    store.put(SHEETS_TABLE_KEY, table.getvalue())
    return Sheets(len(missing), len(game_ids) - len(missing))


def _known_rows(store: Store) -> list[dict[str, object]]:
    try:
        data = store.get(SHEETS_TABLE_KEY)
    except ObjectMissing:
        return []
    with pq.ParquetFile(pa.BufferReader(data), pre_buffer=False) as file:
        refuse_bomb(file.metadata, SHEETS_TABLE_KEY)
        rows: list[dict[str, object]] = file.read(use_threads=False).to_pylist()
    return rows
