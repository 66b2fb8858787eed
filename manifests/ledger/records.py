"""What the ledger says of a game: plain, frozen, checked values that the manifests are compiled from."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.ledger.evidence import Evidence  # noqa: TC001 - canonical_json reads the fields' types at run time
from manifests.store.keys import check_key, lerobot_position

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One object on the store, and what its bytes must be.

    Attributes:
        key: where it is.
        size_bytes: how long.
        sha256: of its bytes, hex.

    Raises:
        ValueError: not a key, a negative size, or no sha256.
    """

    key: str
    size_bytes: int
    sha256: str

    def __post_init__(self) -> None:
        check_key(self.key)
        check_sha256("sha256", self.sha256)
        if self.size_bytes < 0:
            message = f"an object's size is not negative, got {self.size_bytes}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class GopIndex:
    """Where each group of pictures of a video lies: four columns of the same length, one row per GOP.

    Attributes:
        first_frame_index: 0-based in the chunk; the first is 0 and each GOP begins where the last one ended.
        num_frames: at least 1.
        byte_offset: of its first packet in the file.
        byte_size: of all its packets, which lie next to each other.

    Raises:
        ValueError: columns of unequal length or none, GOPs that leave a gap or overlap.
    """

    first_frame_index: tuple[int, ...]
    num_frames: tuple[int, ...]
    byte_offset: tuple[int, ...]
    byte_size: tuple[int, ...]

    def __post_init__(self) -> None:
        columns = (self.first_frame_index, self.num_frames, self.byte_offset, self.byte_size)
        if len({len(column) for column in columns}) != 1 or not self.num_frames:
            message = f"GOP columns have one length above 0, got {[len(column) for column in columns]}"
            raise ValueError(message)
        ends = itertools.accumulate(self.num_frames)
        if self.first_frame_index != (0, *list(ends)[:-1]) or min(self.num_frames) < 1:
            message = "GOPs follow each other from frame 0 without a gap; these do not"
            raise ValueError(message)
        if min(self.byte_offset) < 0 or min(self.byte_size) < 1:
            message = "a GOP lies at an offset of at least 0 and has at least 1 byte"
            raise ValueError(message)

    @classmethod
    def of(
        cls,
        first_frame_index: Iterable[int],
        num_frames: Iterable[int],
        byte_offset: Iterable[int],
        byte_size: Iterable[int],
    ) -> GopIndex:
        """Make one from any four columns, numpy arrays included; see the class for what it raises."""
        columns = (first_frame_index, num_frames, byte_offset, byte_size)
        return cls(*(tuple(int(value) for value in column) for column in columns))


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """One (video, states) pair of a game.

    Attributes:
        file_number: planned number of both files.
        slp_frame_start: first frame.
        slp_frame_exclusive_end: one past the last.
        video: the mp4.
        states: the parquet.
        gops: of the video; its frames are the chunk's.
        avcc: the decoder configuration (avcC box) of the video, hex, so that GOPs decode without their
        container. evidence: of this chunk alone.

    Raises:
        ValueError: an empty range, or a video of another length.
    """

    file_number: int
    slp_frame_start: int
    slp_frame_exclusive_end: int
    video: ObjectRef
    states: ObjectRef
    gops: GopIndex
    avcc: str
    evidence: tuple[Evidence, ...]

    def __post_init__(self) -> None:
        if self.num_frames < 1 or sum(self.gops.num_frames) != self.num_frames:
            message = (
                f"slp_frames [{self.slp_frame_start}, {self.slp_frame_exclusive_end}) are {self.num_frames}, "
                f"the frames of the GOPs {sum(self.gops.num_frames)}; a chunk has as many of both, at least 1"
            )
            raise ValueError(message)
        lerobot_position(self.video.key)
        lerobot_position(self.states.key)
        bytes.fromhex(self.avcc)

    @property
    def num_frames(self) -> int:
        """Frames, on both sides of the pair."""
        return self.slp_frame_exclusive_end - self.slp_frame_start


@dataclass(frozen=True, slots=True)
class PlayerFacts:
    """One player of a game.

    Attributes:
        port: 0 to 3.
        character_id: external id.
        character_name: as libmelee has it, e.g. FOX.
        costume: index.
        is_human: not a computer player.
        team: id, or None outside team games.
        player_hash: keyed hash of who it is, stable within a dataset; None if the replay does not say.
        name: only where the user asked for names in the dataset.
    """

    port: int
    character_id: int
    character_name: str
    costume: int
    is_human: bool
    team: int | None
    player_hash: str | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class GameFacts:
    """What a replay says of its game.

    Attributes:
        slippi_version: of the replay, e.g. 3.18.0.
        stage_id: external id.
        stage_name: as libmelee has it, e.g. BATTLEFIELD.
        players: in order of ports.
        is_teams: whether it is a team game.
        num_frames: distinct slp_frames in the replay.
        num_instances: frames as written, rolled-back ones counted each time.
        num_rolled_back: instances that a later one replaced.
        first_slp_frame: normally -123.
        last_slp_frame: the last one with any data.
        last_finalized_slp_frame: None before Slippi 3.7.
        truncated: the file ends before its game does.
        timer_seconds: the timer's start, or None.
        start_at: when it was played, as the replay has it, or None.
        match_id: Slippi's id of the online match, or None.
    """

    slippi_version: str
    stage_id: int
    stage_name: str
    players: tuple[PlayerFacts, ...]
    is_teams: bool
    num_frames: int
    num_instances: int
    num_rolled_back: int
    first_slp_frame: int
    last_slp_frame: int
    last_finalized_slp_frame: int | None
    truncated: bool
    timer_seconds: int | None
    start_at: str | None
    match_id: str | None


def check_sha256(what: str, value: str) -> str:
    """Return `value` as it is.

    Raises:
        ValueError: not 64 lower-case hex digits.
    """
    if not _SHA256.fullmatch(value):
        message = f"{what} is a sha256 in lower-case hex, got {value!r:.80}"
        raise ValueError(message)
    return value
