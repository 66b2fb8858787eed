"""The data of one game's page: where its pictures are, and its state as columns of numbers."""

from __future__ import annotations

import base64
import math
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from farm.browse.pictures.clips import MOST_CLIP_FRAMES
from farm.browse.states.action_names import action_names
from farm.browse.states.chunk_states import chunk_states
from farm.browse.states.evidence_words import EVIDENCE_MEANING, NO_VOTE
from farm.browse.states.schema_page import schema_columns
from manifests.ledger.dataset import read_description
from manifests.ledger.entry import read_entry
from manifests.store.canonical_json import to_plain

if TYPE_CHECKING:
    from farm.browse.queries.library import Library
    from manifests.ledger.entry import LedgerEntry
    from manifests.ledger.records import ChunkRecord
    from manifests.state.table import StateTable
    from manifests.store.contract import Store

_PLAYER: Final = (
    "x", "y", "percent", "stocks", "action", "action_age", "facing", "shield", "airborne", "hitlag_left",
    "main_x", "main_y", "c_x", "c_y", "trigger", "buttons",
)  # fmt: skip
_MOVING: Final = ("fod_left", "fod_right", "d_randall_x", "d_randall_y")
_DECIMALS: Final = 4


def describe_game(store: Store, game_id: str) -> dict[str, Any] | None:
    """Return chunks, GOP tables and evidence of a game, JSON-ready; None if no such game is committed."""
    entry = read_entry(store, game_id)
    if entry is None or not entry.chunks:
        return None
    step = read_description(store).picture_step
    return {
        "game_id": entry.game_id,
        "evidence": to_plain(entry.evidence),
        "picture_step": step,
        "chunks": [_describe_chunk(chunk, step) for chunk in entry.chunks],
    }


def _describe_chunk(chunk: ChunkRecord, picture_step: int) -> dict[str, Any]:
    video, gops = chunk.footage
    return {
        "video": video.key,
        "avcc": base64.b64encode(bytes.fromhex(chunk.avcc)).decode(),
        "slp_frame_start": chunk.slp_frame_start,
        "num_frames": chunk.num_frames,
        "gops": {
            "first_frame_index": gops.first_frame_index,
            "num_pictures": [-(-num_frames // picture_step) for num_frames in gops.num_frames],
            "byte_offset": gops.byte_offset,
            "byte_size": gops.byte_size,
        },
        "evidence": to_plain(chunk.evidence),
    }


def game_page(library: Library, game_id: str) -> dict[str, Any] | None:
    """Return everything that a game's page shows, JSON-ready; None if the snapshot has no such game."""
    row, pairs = library.game(game_id), describe_game(library.store, game_id)
    if row is None or pairs is None:
        return None
    return {
        **row,
        **pairs,
        "columns": schema_columns(len(row["characters"])),
        "meaning": dict(EVIDENCE_MEANING),
        "no_vote": NO_VOTE,
        "most_clip_frames": MOST_CLIP_FRAMES,
    }


def state_of(store: Store, entry_chunk: int, entry: LedgerEntry) -> dict[str, Any]:
    """Return the state of one chunk as columns of numbers, null if not recorded; JSON-ready.

    Raises:
        IndexError: there is no such chunk.
        DatasetError: the states file cannot be read.
    """
    state = chunk_states(store, entry.chunks[entry_chunk])
    players = [
        {name: _column(state, f"p{place}.{name}") for name in _PLAYER} for place in range(state.num_players)
    ]
    return {
        "slp_frame": state.values("slp_frame").tolist(),
        "n_written": state.values("n_written").tolist(),
        "players": players,
        "actions": _names_of(state),
        "stage": {**_stage_shape(state.stage), **{name: _column(state, name) for name in _MOVING}},
    }


def column_of(store: Store, entry_chunk: int, entry: LedgerEntry, name: str) -> list[float | int | None]:
    """Return one column of one chunk, null where the replay did not record it; JSON-ready.

    Raises:
        IndexError: there is no such chunk.
        KeyError: there is no such column.
        DatasetError: the states file cannot be read.
    """
    state = chunk_states(store, entry.chunks[entry_chunk])
    if name not in state.names():
        raise KeyError(name)
    return _column(state, name)


def _column(state: StateTable, name: str) -> list[float | int | None]:
    values, is_valid = state.values(name), state.valid(name)
    if values.dtype.kind == "f":
        values = values.astype(np.float64).round(_DECIMALS)
    return [
        value if ok and math.isfinite(value) else None
        for value, ok in zip(values.tolist(), is_valid.tolist(), strict=True)
    ]


def _names_of(state: StateTable) -> dict[int, str]:
    seen = {int(a) for place in range(state.num_players) for a in np.unique(state.values(f"p{place}.action"))}
    return {action: name for action, name in action_names().items() if action in seen}


@cache
def _stage_shape(stage_id: int) -> dict[str, Any]:
    """Return a stage's surfaces, as [left, height there, right, height there], and its blast zone.

    The numbers come from libmelee, which a machine that only reads need not have; the map then has no stage.
    """
    try:
        from workers.replay import stage_geometry as known  # noqa: PLC0415 - a reading side need not have it
    except ModuleNotFoundError:
        return {"surfaces": [], "blast": None, "fountain": [], "randall_width": 0}
    stage = known.STAGES.get(stage_id)
    if stage is None:
        return {"surfaces": [], "blast": None, "fountain": [], "randall_width": 0}
    moving = zip(known.FOUNTAIN_SIDES, known.FOUNTAIN_STARTS, strict=True)
    return {
        "surfaces": [[one.left, one.y_left, one.right, one.y_right] for one in stage.surfaces],
        "blast": [stage.left, stage.right, stage.bottom, stage.top],
        "fountain": [[*sides, start] for sides, start in moving] if stage_id == known.FOUNTAIN else [],
        "randall_width": known.RANDALL_WIDTH,
    }
