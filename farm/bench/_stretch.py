"""Makes a dataset of any length from a small one, by linking its chunks repeatedly under new games."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from typing import TYPE_CHECKING

from manifests.ledger.dataset import open_or_create, read_description
from manifests.ledger.entry import Status, read_entries, write_entry
from manifests.ledger.plan import GameToPlan, append_plan, planned_games
from manifests.snapshot.finalize import finalize
from manifests.store.keys import states_key, video_key
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.ledger.entry import LedgerEntry
    from manifests.ledger.plan import PlannedGame
    from manifests.ledger.records import ObjectRef


def stretch(source: Path, target: Path, num_frames: int) -> int:
    """Make a finalized dataset of at least `num_frames` frames from that in `source`; return its frames.

    The files are hard links, so both datasets must be on one file system. The marks on key frames name the
    games that they were rendered for, so the dataset must be read with verify="none" (stamps and slp_frames
    agree).
    """
    small, large = open_store(source), open_store(target)
    planned = list(planned_games(small))
    entries = [
        entry
        for entry in read_entries(small, [game.game_id for game in planned])
        if entry.status is Status.COMMITTED
    ]
    by_id = {game.game_id: game for game in planned}
    per_copy = sum(chunk.num_frames for entry in entries for chunk in entry.chunks)
    num_copies = -(-num_frames // per_copy)
    description = read_description(small)
    open_or_create(large, description)
    originals: dict[str, LedgerEntry] = {}
    games: list[GameToPlan] = []
    for copy in range(num_copies):
        for entry in entries:
            game = by_id[entry.game_id]
            game_id = hashlib.sha256(f"{entry.game_id} {copy}".encode()).hexdigest()
            originals[game_id] = entry
            games.append(GameToPlan(game_id, game.source, game.num_frames, game.split, game.stage_name,
                                    game.characters, game.player_hashes))  # fmt: skip
    append_plan(large, games, description.frames_per_chunk)
    for game in list(planned_games(large)):
        write_entry(large, _linked(source, target, originals[game.game_id], game))
    finalize(large)
    return num_copies * per_copy


def _linked(source: Path, target: Path, entry: LedgerEntry, game: PlannedGame) -> LedgerEntry:
    chunks = []
    for number, chunk in zip(game.file_numbers, entry.chunks, strict=True):
        video = None if chunk.video is None else _link(source, target, chunk.video, video_key(number))
        states = _link(source, target, chunk.states, states_key(number))
        chunks.append(dataclasses.replace(chunk, file_number=number, video=video, states=states))
    return dataclasses.replace(entry, game_id=game.game_id, chunks=tuple(chunks))


def _link(source: Path, target: Path, ref: ObjectRef, key: str) -> ObjectRef:
    (target / key).parent.mkdir(parents=True, exist_ok=True)
    os.link(source / ref.key, target / key)
    return dataclasses.replace(ref, key=key)
