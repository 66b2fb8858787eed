"""Simulates a dataset with any number of events: only a manifest, written as finalize writes it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from farm.bench._many_games import table_ref
from manifests.labels.events import EVENT_DOCS, EventKind
from manifests.ledger.dataset import DatasetDescription, VideoContract, open_or_create
from manifests.ledger.tables import MANIFEST_TABLES, arrow_schema
from manifests.snapshot.finalize import GAMES_PER_GROUP, TableWriter
from manifests.snapshot.rows import SORT_KEYS, event_counts
from manifests.snapshot.snapshot import Totals, publish_snapshot
from manifests.state.schema import SCHEMA_VERSION
from manifests.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence


EVENTS_PER_GAME: Final = 2727
"""About as many as three minutes of play have, with rollbacks: 60 million in 22,000 games."""
_FRAMES: Final = 10_800
_CHARACTERS: Final = (
    "FOX", "FALCO", "MARTH", "SHEIK", "PEACH", "CPTFALCON", "JIGGLYPUFF", "PIKACHU", "SAMUS", "YOSHI",
)  # fmt: skip
_STAGES: Final = (
    "BATTLEFIELD",
    "FINAL_DESTINATION",
    "DREAMLAND",
    "YOSHIS_STORY",
    "POKEMON_STADIUM",
    "FOUNTAIN_OF_DREAMS",
)
_SHARES: Final = {
    EventKind.HIT: 0.5, EventKind.L_CANCEL: 0.2, EventKind.MISSED_L_CANCEL: 0.08, EventKind.ROLLBACK: 0.15,
    EventKind.LEDGE: 0.03, EventKind.TECH: 0.015, EventKind.MISSED_TECH: 0.01, EventKind.THROW: 0.01,
    EventKind.DEATH: 0.0025, EventKind.RESPAWN: 0.00249, EventKind.SHIELD_BREAK: 0.00001,
}  # fmt: skip


def simulate(target: Path, num_games: int, events_per_game: int = EVENTS_PER_GAME) -> None:
    """Write a finalized dataset that has a manifest and nothing else.

    Args:
        target: an empty folder.
        num_games: number of games, of two players each.
        events_per_game: number of events of each game; their kinds have roughly the shares of recorded games.
    """
    store = open_store(target)
    video = VideoContract(640, 480, 30, 23.0, "veryfast")
    open_or_create(store, DatasetDescription("standin", 18_000, video, None, str(SCHEMA_VERSION)))
    ids = sorted(hashlib.sha256(str(number).encode()).hexdigest() for number in range(num_games))
    random = np.random.default_rng(22)
    with TemporaryDirectory(dir=target.parent) as folder:
        files = {name: Path(folder) / f"{name}.parquet" for name in MANIFEST_TABLES}
        writers = {name: TableWriter(name, path) for name, path in files.items()}
        for first in range(0, num_games, GAMES_PER_GROUP):
            some = ids[first : first + GAMES_PER_GROUP]
            events = _events(some, events_per_game, random)
            writers["events"].write(events)
            writers["games"].write(_games(some, events, random))
        for writer in writers.values():
            writer.close()
        totals = Totals(num_games, 0, num_games, num_games * _FRAMES, 0, 0, {})
        publish_snapshot(store, files, {name: table_ref(name, path) for name, path in files.items()}, totals)


def _events(ids: Sequence[str], per_game: int, random: np.random.Generator) -> pa.Table:
    kinds, shares = list(_SHARES), np.array(list(_SHARES.values()))
    number = len(ids) * per_game
    which = random.choice(len(kinds), number, p=shares / shares.sum())
    player = random.integers(0, 2, number)
    has_other = np.array(["other:" in EVENT_DOCS[kind] for kind in kinds])[which]
    has_value = np.array(["value:" in EVENT_DOCS[kind] for kind in kinds])[which]
    is_nobodys = which == kinds.index(EventKind.ROLLBACK)
    columns: dict[str, Any] = {
        "game_id": pa.DictionaryArray.from_arrays(
            np.repeat(np.arange(len(ids), dtype=np.int32), per_game), ids
        ).cast(pa.string()),
        "slp_frame": np.sort(random.integers(-39, _FRAMES - 123, (len(ids), per_game)), axis=1)
        .reshape(-1)
        .astype(np.int32),
        "kind": pa.array([str(kind) for kind in kinds]).take(pa.array(which)),
        "player": pa.array(player.astype(np.int8), mask=is_nobodys),
        "is_follower": np.zeros(number, bool),
        "other": pa.array((1 - player).astype(np.int8), mask=~has_other),
        "value": pa.array(random.integers(1, 30, number).astype(np.float32), mask=~has_value),
    }
    rows = pa.table(columns, schema=arrow_schema("events"))
    return rows.sort_by([(key, "ascending") for key in SORT_KEYS["events"]])


def _games(ids: Sequence[str], events: pa.Table, random: np.random.Generator) -> pa.Table:
    counts = _counts(events)
    rows = []
    for game_id in ids:
        made: dict[str, Any] = {field.name: _nothing(field) for field in arrow_schema("games")}
        characters = random.choice(_CHARACTERS, 2).tolist()
        made |= {
            "game_id": game_id, "split": "train", "num_frames": _FRAMES, "num_chunks": 1,
            "video_bytes": int(random.integers(20_000_000, 40_000_000)), "state_sha256": game_id,
            "stage_name": str(random.choice(_STAGES)), "characters": characters,
            "num_events": sum(counts[game_id].values()), "event_counts": event_counts(counts[game_id]),
            "replay_num_instances": _FRAMES + 300, "replay_num_rolled_back": int(random.integers(0, 300)),
        }  # fmt: skip
        rows.append(made)
    return pa.Table.from_pylist(rows, schema=arrow_schema("games"))


def _counts(events: pa.Table) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    grouped = events.group_by(["game_id", "kind"]).aggregate([("slp_frame", "count")]).to_pylist()
    for row in grouped:
        counts.setdefault(row["game_id"], {})[row["kind"]] = row["slp_frame_count"]
    return counts


def _nothing(field: pa.Field) -> Any:
    """Return a value for a column whose values do not matter here."""
    if field.nullable:
        return None
    if pa.types.is_list(field.type) or pa.types.is_map(field.type):
        return []
    return "" if pa.types.is_string(field.type) else False if pa.types.is_boolean(field.type) else 0
