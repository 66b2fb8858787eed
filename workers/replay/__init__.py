"""Read replays: turn the bytes of a .slp file into a game record and the final version of each frame.

    bytes -> Container -> EventSizes -> Walk -> FinalFrames -> Replay
             container    events        events  instances      here

`workers.replay.state` makes a state table from a Replay.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay.container import open_container
from workers.replay.events import Event, EventSizes, Stop, find_events, read_sizes
from workers.replay.identity import Identity
from workers.replay.instances import Entity, FinalFrames, settle
from workers.replay.record import GameRecord, PlayerRecord, read_record

if TYPE_CHECKING:
    from workers.replay.container import Container
    from workers.replay.events import Bytes, Walk

__all__ = ["Entity", "GameRecord", "Identity", "PlayerRecord", "Replay", "read_replay"]


@dataclass(frozen=True, eq=False)
class Replay:
    """One game as recorded.

    Attributes:
        game_id: sha256 of the file's bytes, hex.
        record: The facts about the game as a whole.
        frames: The events of `stream` that make up each frame.
        stream: uint8, the file's bytes.
        sizes: Size of each kind of event, which decides the fields that it has.
    """

    game_id: str
    record: GameRecord
    frames: FinalFrames = field(repr=False)
    stream: Bytes = field(repr=False)
    sizes: EventSizes = field(repr=False)


def read_replay(data: bytes) -> Replay:
    """Read a .slp file of any version. A file that was cut short is read to its last complete frame.

    Raises:
        ReplayRefused: NOT_SLP if the bytes are not a .slp, UNREADABLE if its events cannot be told apart,
            NO_FRAMES if no frame is complete.
    """
    container = open_container(data)
    stream = np.frombuffer(data, np.uint8)
    sizes = read_sizes(stream[: container.exclusive_end], container.start)
    walk = find_events(stream, sizes, container.exclusive_end)
    if not walk.offsets.size or walk.commands[0] != Event.GAME_START:
        msg = "the stream's first event is not the start of a game"
        raise ReplayRefused(Reason.UNREADABLE, msg)
    frames = settle(stream, sizes, walk)
    frames = replace(frames, damage=frames.damage or _damage(stream, container, walk))
    if not frames.num_frames:
        msg = f"no complete frame in {len(data)} bytes" + (f": {frames.damage}" if frames.damage else "")
        raise ReplayRefused(Reason.NO_FRAMES, msg)
    record = read_record(stream, container, sizes, walk, frames)
    if not record.players:
        msg = f"no player in ports 1 to 4; {frames.num_foreign_events} events belong to others"
        raise ReplayRefused(Reason.UNREADABLE, msg)
    return Replay(hashlib.sha256(data).hexdigest(), record, frames, stream, sizes)


def _damage(stream: Bytes, container: Container, walk: Walk) -> str | None:
    """Return what is wrong where the walk stopped; None if the file only ends too early."""
    if walk.stop is not Stop.UNKNOWN:
        return None
    rest = bytes(stream[walk.exclusive_end : walk.exclusive_end + 2])
    if container.is_open_ended and rest in (b"U\x08", b"}"):
        return None  # this is the metadata, or closing brace, of a file whose length was never written
    return f"byte {walk.exclusive_end} is no event of this file (0x{rest[0]:02x})"
