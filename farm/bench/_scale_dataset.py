"""Makes datasets of any number of games for `farm bench scale`: one recorded game's entry under other ids.

The objects that entries name are files of the right size without content. Files are written without waiting
for the disk, since making them is not what is measured.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from farm.planning.scanned_replay import ScannedReplay
from manifests.labels.events import game_events
from manifests.ledger.dataset import DatasetDescription, VideoContract
from manifests.ledger.entry import LedgerEntry, RunRecord
from manifests.ledger.evidence import Evidence
from manifests.ledger.records import ChunkRecord, GopIndex, ObjectRef
from manifests.state.schema import FIRST_SLP_FRAME, SCHEMA_VERSION
from manifests.store.keys import ledger_key, states_key, video_key
from workers.rendering.chunk import DEFAULT_FRAMES_PER_CHUNK, GOP_FRAMES, chunk_spans
from workers.replay import read_replay
from workers.replay.facts import game_facts
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from manifests.ledger.plan import PlannedGame

_GOP_BYTES: Final = 43_470  # 30 frames of 1,449 bytes
_STATES_BYTES: Final = 195_000
_SHA256: Final = "ab" * 32
_AVCC: Final = "01640020ffe1001b67640020acd940a0" * 3
_EVIDENCE: Final = tuple(
    Evidence(name, True, 0, 1.0, margin=26.5, detail="aligned: all of 3,600 frames agree, the next does not")
    for name in ("count", "log", "stamp", "motion", "encoded_stamp", "encoded_motion")
)  # fmt: skip
DESCRIPTION: Final = DatasetDescription(
    "standin", DEFAULT_FRAMES_PER_CHUNK, VideoContract(640, 480, GOP_FRAMES, 23.0, "veryfast"), None,
    str(SCHEMA_VERSION),
)  # fmt: skip


def game_id_of(number: int) -> str:
    """Return the id of a made-up game."""
    return hashlib.sha256(f"scale {number}".encode()).hexdigest()


def scanned_games(number: int, num_frames: int) -> list[ScannedReplay]:
    """Return what a scan of a number of replays gives: one recording each, of two players in a thousand."""
    return [
        ScannedReplay(
            place=f"replays/{index:07d}.slp", source=f"replays/{index:07d}.slp", game_id=game_id_of(index),
            num_frames=num_frames, stage_name="BATTLEFIELD", characters=("FOX", "MARTH"),
            player_hashes=(f"{index % 1000:016x}", f"{index * 7919 % 1000:016x}"), match_key=None,
            play_key=f"{index:032x}", pairing=f"{index % 9973:016x}", characters_seen=("FOX", "MARTH"),
            play_sha256=game_id_of(index),
        )
        for index in range(number)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExampleGame:
    """A recorded game's ledger entry, from which the entries of other games are made.

    Attributes:
        entry: the entry, as it would be committed.
    """

    entry: LedgerEntry

    @classmethod
    def recorded(cls, num_frames: int) -> ExampleGame:
        """Record a game of at most `num_frames` frames, and make the entry that a worker would write."""
        replay = read_replay(record_match(7, num_frames=num_frames))
        state = state_table(replay)
        chunks = [
            _chunk(span.chunk_number, FIRST_SLP_FRAME + span.start, FIRST_SLP_FRAME + span.exclusive_end)
            for span in chunk_spans(state.num_frames)
        ]
        fingerprint = {f"part {part}": _SHA256 for part in range(12)}
        entry = LedgerEntry.committed(
            replay.game_id, split="train", game=game_facts(replay.record, ("0a1b", "2c3d"), state),
            state_sha256=state.sha256, chunks=chunks, evidence=_EVIDENCE, fingerprint=fingerprint,
            run=RunRecord("2026-01-01T00:00:00Z", "scale", 1, {"render_seconds": 100.0, "cpu_seconds": 90.0}),
            events=game_events(state),
        )  # fmt: skip
        return cls(entry)

    def write_files(self, root: Path, planned: Iterable[PlannedGame]) -> None:
        """Write the ledger entry of every planned game, and the objects that it names."""
        (root / "ledger").mkdir(exist_ok=True)
        for game in planned:
            chunks = tuple(
                replace(
                    chunk,
                    file_number=number,
                    video=_ref(video_key(number), chunk.video_bytes),
                    states=_ref(states_key(number), _STATES_BYTES),
                )
                for number, chunk in zip(game.file_numbers, self.entry.chunks, strict=True)
            )
            entry = replace(self.entry, game_id=game.game_id, chunks=chunks)
            (root / ledger_key(game.game_id)).write_bytes(entry.to_json())
            for chunk in chunks:
                for _, ref in chunk.objects:
                    _write_hollow(root / ref.key, ref.size_bytes)


def write_names(root: Path, planned: Iterable[PlannedGame]) -> None:
    """Write an empty ledger entry for every second planned game, which is enough for a listing."""
    (root / "ledger").mkdir(exist_ok=True)
    for number, game in enumerate(planned):
        if number % 2:
            os.close(os.open(root / ledger_key(game.game_id), os.O_CREAT | os.O_WRONLY))


def _chunk(number: int, slp_frame_start: int, slp_frame_exclusive_end: int) -> ChunkRecord:
    num_frames = slp_frame_exclusive_end - slp_frame_start
    first = range(0, num_frames, GOP_FRAMES)
    gops = GopIndex.of(
        first,
        (min(GOP_FRAMES, num_frames - start) for start in first),
        (48 + index * _GOP_BYTES for index in range(len(first))),
        (_GOP_BYTES for _ in first),
    )
    return ChunkRecord(
        number, slp_frame_start, slp_frame_exclusive_end, _ref(video_key(number), len(first) * _GOP_BYTES),
        _ref(states_key(number), _STATES_BYTES), gops, _AVCC, _EVIDENCE,
    )  # fmt: skip


def _ref(key: str, size_bytes: int) -> ObjectRef:
    return ObjectRef(key, size_bytes, _SHA256)


def _write_hollow(path: Path, size_bytes: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        os.ftruncate(descriptor, size_bytes)
    finally:
        os.close(descriptor)
