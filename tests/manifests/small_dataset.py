"""Builds a small dataset like the farm's: states files of a recorded match, and videos with stamps."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from manifests.ledger.commit import place_chunk_file
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import LedgerEntry, write_entry
from manifests.ledger.plan import append_plan, planned_games
from manifests.ledger.records import GopIndex
from manifests.snapshot.finalize import finalize
from manifests.state.file import states_bytes
from manifests.store.open import open_store
from manifests.video.mp4 import read_gops
from tests.manifests.conftest import FRAMES_PER_CHUNK, Samples
from tests.manifests.video.stamp_painter import paint_stamp
from tests.workers.painted import seed_at
from workers.rendering.encode import ChunkEncoder, VideoSettings
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.ledger.plan import PlannedGame
    from manifests.state.table import StateTable
    from manifests.store.contract import Store

NUM_FRAMES = 200
NUM_GAMES = 3


@cache
def one_state(seed: int = 5, num_frames: int = NUM_FRAMES) -> StateTable:
    """The states of a recorded match; the same object each time."""
    return state_table(read_replay(record_match(seed, num_frames=num_frames)))


def encode(path: Path, slp_frames: list[int], state: StateTable | None = None) -> Path:
    """Encode a video of grey pictures with stamps, which have the seeds of a state."""
    state = state or one_state()
    path.unlink(missing_ok=True)
    with ChunkEncoder(path, VideoSettings()) as encoder:
        for slp_frame in slp_frames:
            yuv = np.full((720, 640), 128, np.uint8)
            paint_stamp(yuv[:480], slp_frame, seed_at(state, slp_frame))
            encoder.write(yuv)
        encoder.close()
    return path


class SmallRenderer:
    """Renders games of one state into a scratch folder; each span of frames is encoded only once."""

    def __init__(self, scratch: Path, state: StateTable | None = None) -> None:
        self.state = state or one_state()
        self._scratch = scratch
        scratch.mkdir(exist_ok=True)

    def render(self, store: Store, game: PlannedGame) -> LedgerEntry:
        """Place every chunk of the game; return the ledger entry that commits it."""
        samples, chunks = Samples(), []
        for chunk_index, number in enumerate(game.file_numbers):
            rows, video, states = self._chunk(chunk_index)
            gops = read_gops(video)
            index = GopIndex.of(gops.first_frame_index, gops.num_frames, gops.byte_offset, gops.byte_size)
            refs = (
                place_chunk_file(store, "video", number, video),
                place_chunk_file(store, "states", number, states),
            )
            chunk = samples.chunk(number, rows.first_slp_frame, rows.exclusive_end_slp_frame, *refs)
            chunks.append(dataclasses.replace(chunk, gops=index, avcc=gops.avcc.hex()))
        return dataclasses.replace(samples.committed(game), chunks=tuple(chunks))

    def _chunk(self, chunk_index: int) -> tuple[StateTable, Path, Path]:
        start = chunk_index * FRAMES_PER_CHUNK
        rows = self.state.slice(start, min(start + FRAMES_PER_CHUNK, self.state.num_frames))
        video, states = (self._scratch / f"{chunk_index}.{suffix}" for suffix in ("mp4", "parquet"))
        if not video.exists():
            encode(video, rows.values("slp_frame").tolist(), rows)
            states.write_bytes(states_bytes(rows))
        return rows, video, states


def build(root: Path, scratch: Path, state: StateTable | None = None, first: int = 0) -> Store:
    """Build and finalize three committed games, one pending and one set aside, numbered from `first`."""
    store, samples, renderer = open_store(root), Samples(), SmallRenderer(scratch, state)
    open_or_create(store, samples.description)
    append_plan(
        store, [samples.to_plan(first + n, NUM_FRAMES) for n in range(NUM_GAMES + 1)], FRAMES_PER_CHUNK
    )
    for game in list(planned_games(store))[:NUM_GAMES]:
        write_entry(store, renderer.render(store, game))
    write_entry(store, samples.set_aside(77))
    finalize(store)
    return store
