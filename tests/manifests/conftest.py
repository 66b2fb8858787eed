"""Makes small, valid plan and ledger records, and datasets of them with random bytes as video and states."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from typing import TYPE_CHECKING, Any

import pytest

from manifests.labels.events import EventColumns
from manifests.ledger.commit import place_chunk_file
from manifests.ledger.dataset import DatasetDescription, Rectangle, VideoContract
from manifests.ledger.entry import LedgerEntry, RunRecord
from manifests.ledger.evidence import Evidence
from manifests.ledger.plan import GameToPlan, PlannedGame
from manifests.ledger.reasons import Reason
from manifests.ledger.records import ChunkRecord, GameFacts, GopIndex, ObjectRef, PlayerFacts
from manifests.video.stamp import SEED_COLUMN
from tests.s3_server.fixtures import bare_s3, s3_proxy

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

__all__ = ["Samples", "bare_s3", "s3_proxy", "samples"]

GOP = 30
FRAMES_PER_CHUNK = 90
ALIGNED = Evidence("count", True, 0, 1.0, detail="all there")
MOTION = Evidence("motion", True, 0, 0.875, margin=3.5, detail="peak at 0")
RUN = RunRecord("2024-01-01T00:00:00Z", "attempt", 1, {"render_seconds": 1.5})


EVENTS = {
    "hit": EventColumns((-80, -75), (0, 2), (1, 0), (3.27, 12.0)),
    "ledge": EventColumns((-90,), (3,), (), ()),
    "rollback": EventColumns((-80,), (-1,), (), (7.0,)),
}


class Samples:
    """Makes valid records, in which a test may change any field."""

    description = DatasetDescription(
        emulator="standin",
        frames_per_chunk=FRAMES_PER_CHUNK,
        video=VideoContract(width=640, height=480, gop_frames=GOP, crf=23.0, preset="veryfast"),
        stamp=Rectangle(0, 464, 640, 16),
        stamp_seed_column=SEED_COLUMN,
        state_schema="1",
        fingerprints={"emulator": "5.0"},
    )

    @staticmethod
    def game_id(n: int) -> str:
        return hashlib.sha256(f"game {n}".encode()).hexdigest()

    def to_plan(self, n: int, num_frames: int = 200, **changes: Any) -> GameToPlan:
        game = GameToPlan(
            self.game_id(n),
            f"replays/{n}.slp",
            num_frames,
            "train",
            "BATTLEFIELD",
            ("FOX", "MARTH"),
            ("a", None),
        )
        return dataclasses.replace(game, **changes)

    def facts(self, num_frames: int = 200) -> GameFacts:
        players = (
            PlayerFacts(0, 2, "FOX", 0, True, None, "0a1b"),
            PlayerFacts(2, 9, "MARTH", 3, True, None, None),
        )
        return GameFacts(
            "3.18.0", 31, "BATTLEFIELD", players, False, num_frames, num_frames + 20, 20, -123,
            num_frames - 124, num_frames - 124, False, 480, "2024-01-01T00:00:00Z", "mode.unranked-1",
        )  # fmt: skip

    def gops(self, num_frames: int) -> GopIndex:
        starts = range(0, num_frames, GOP)
        return GopIndex.of(
            starts,
            [min(GOP, num_frames - start) for start in starts],
            [48 + start * 10 for start in starts],
            [10 * min(GOP, num_frames - start) for start in starts],
        )

    def chunk(self, file_number: int, start: int, exclusive_end: int, video: ObjectRef, states: ObjectRef):
        gops = self.gops(exclusive_end - start)
        return ChunkRecord(file_number, start, exclusive_end, video, states, gops, "014d", (ALIGNED, MOTION))

    def refs(self, file_number: int) -> tuple[ObjectRef, ObjectRef]:
        sha256 = hashlib.sha256(str(file_number).encode()).hexdigest()
        from manifests.store.keys import states_key, video_key  # noqa: PLC0415 - used here alone

        return ObjectRef(video_key(file_number), 1000, sha256), ObjectRef(
            states_key(file_number), 500, sha256
        )

    def committed(
        self, game: PlannedGame, refs: list[tuple[ObjectRef, ObjectRef]] | None = None
    ) -> LedgerEntry:
        refs = refs or [self.refs(number) for number in game.file_numbers]
        chunks = []
        for k, (video, states) in enumerate(refs):
            start = k * FRAMES_PER_CHUNK - 123
            end = min(start + FRAMES_PER_CHUNK, game.num_frames - 123)
            chunks.append(self.chunk(game.first_file_number + k, start, end, video, states))
        return LedgerEntry.committed(
            game.game_id, split=game.split, game=self.facts(game.num_frames), state_sha256=game.game_id,
            chunks=chunks, evidence=(ALIGNED, MOTION), fingerprint={"emulator": "5.0"}, run=RUN,
            events=EVENTS,
        )  # fmt: skip

    def set_aside(self, n: int, reason: Reason = Reason.MISALIGNED) -> LedgerEntry:
        misaligned = dataclasses.replace(ALIGNED, offset_frames=2, first_disagreement_slp_frame=7)
        return LedgerEntry.set_aside(
            self.game_id(n), reason, "offset 2", split="train", game=self.facts(), evidence=(misaligned,),
            run=RUN,
        )  # fmt: skip

    def place(self, store: Store, game: PlannedGame, scratch: Path, seed: int = 0) -> LedgerEntry:
        """Put random bytes as the files of every chunk, as a worker does; return the entry to write."""
        refs = []
        for number in game.file_numbers:
            made = []
            for kind in ("video", "states"):
                path = scratch / f"{kind}-{number}"
                path.write_bytes(random.Random(f"{kind} {number} {seed}").randbytes(1000))
                made.append(place_chunk_file(store, kind, number, path))
                path.unlink()
            refs.append(tuple(made))
        return self.committed(game, refs)


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sound dataset, built once; a test that changes it works on a copy."""
    from tests.manifests.small_dataset import build  # noqa: PLC0415 - brings the render side along

    root = tmp_path_factory.mktemp("sound")
    build(root, tmp_path_factory.mktemp("scratch"))
    return root


@pytest.fixture(scope="session")
def samples() -> Samples:
    return Samples()
