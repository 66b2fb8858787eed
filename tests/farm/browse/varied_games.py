"""Builds a dataset of games that differ in all that the browser filters by; videos are random bytes."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import write_entry
from manifests.ledger.plan import append_plan, planned_games
from manifests.ledger.reasons import Reason
from manifests.snapshot.finalize import finalize
from manifests.store.contract import Store
from manifests.store.open import open_store
from tests.manifests.conftest import FRAMES_PER_CHUNK, Samples

STAGES = ("BATTLEFIELD", "DREAMLAND", "YOSHIS_STORY")
PAIRS = (("FOX", "MARTH"), ("FALCO", "FOX"), ("PEACH", "PIKACHU"), ("FOX", "FOX"))
SPLITS = ("train", "val", "test")
NUM_GAMES = 24


def build_varied(root: Path) -> Store:
    """Build and finalize NUM_GAMES committed games, two set aside for one reason and one for another."""
    store, samples = open_store(root), Samples()
    open_or_create(store, samples.description)
    games = [
        samples.to_plan(
            n,
            91 + 10 * n,
            split=SPLITS[n % 3],
            stage_name=STAGES[n % len(STAGES)],
            characters=PAIRS[n % len(PAIRS)],
        )
        for n in range(NUM_GAMES)
    ]
    append_plan(store, games, FRAMES_PER_CHUNK)
    number_of = {game.game_id: n for n, game in enumerate(games)}
    with tempfile.TemporaryDirectory() as scratch:
        for game in list(planned_games(store)):
            n = number_of[game.game_id]
            entry = samples.place(store, game, Path(scratch), n)
            assert entry.game is not None
            characters = PAIRS[n % len(PAIRS)]
            players = tuple(
                dataclasses.replace(player, character_name=name, player_hash=f"{n:02}{place}a")
                for place, (player, name) in enumerate(zip(entry.game.players, characters, strict=True))
            )
            facts = dataclasses.replace(
                entry.game,
                players=players,
                stage_name=STAGES[n % len(STAGES)],
                start_at=None if n == 5 else f"2024-02-{1 + n:02}T10:00:00Z",
            )
            write_entry(store, dataclasses.replace(entry, game=facts))
    write_entry(store, samples.set_aside(901))
    write_entry(store, samples.set_aside(902))
    write_entry(store, samples.set_aside(903, Reason.ILLEGAL_STAGE))
    finalize(store)
    return store
