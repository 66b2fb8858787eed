"""The parts of a ledger entry: frozen, checked dataclasses, from which the manifests are compiled."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from operator import add
from typing import TYPE_CHECKING, Final

from manifests.errors import RecordRefused
from manifests.ledger.evidence import Evidence  # noqa: TC001 - canonical_json reads the fields' types at run time
from manifests.store.canonical_json import ADDED_LATER
from manifests.store.keys import Kind, check_key, lerobot_position

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_BYTES: Final = 1 << 48  # no file system has larger files; sums of such numbers stay below 64 bits
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A reference to an object on the store, with the size and hash that its bytes must have.

    Attributes:
        key: the object's key.
        size_bytes: number of its bytes.
        sha256: hash of its bytes, 64 hexadecimal digits.

    Raises:
        ValueError: the key, the size or the sha256 is not valid.
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
    """The place of each group of pictures (GOP) in a video: four columns of one length, a row per GOP.

    Attributes:
        first_frame_index: frame_index of each GOP's key frame; each GOP begins where the one before ended.
        num_frames: number of frames that each GOP covers, at least 1; if only every n-th frame of a dataset
            has a picture, the frames between pictures count as well.
        byte_offset: where each GOP's first packet begins in the file.
        byte_size: bytes of all packets of each GOP, which are contiguous.

    Raises:
        ValueError: there is no GOP, the columns differ in length, GOPs leave a gap or overlap, or their bytes
            are not in order.
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
        byte_ends = tuple(map(add, self.byte_offset, self.byte_size))
        begins = (*self.byte_offset[1:], _MOST_BYTES)
        if any(end > begin for end, begin in zip(byte_ends, begins, strict=True)):
            message = "the bytes of GOPs follow each other in the file; these do not"
            raise ValueError(message)

    @classmethod
    def of(
        cls,
        first_frame_index: Iterable[int],
        num_frames: Iterable[int],
        byte_offset: Iterable[int],
        byte_size: Iterable[int],
    ) -> GopIndex:
        """Make an index from any four columns of numbers, NumPy arrays included.

        Raises:
            ValueError: for the same reasons as the class.
        """
        columns = (first_frame_index, num_frames, byte_offset, byte_size)
        return cls(*(tuple(int(value) for value in column) for column in columns))

    def in_frames(self, frame_step: int, num_frames: int) -> GopIndex:
        """Convert an index that counts a video's pictures into one that counts the chunk's frames.

        Args:
            frame_step: frames from one picture to the next.
            num_frames: frames of the chunk.

        Raises:
            ValueError: a chunk of that many frames has another number of pictures.
        """
        pictures, due = sum(self.num_frames), -(-num_frames // frame_step)
        if pictures != due:
            message = f"{pictures} pictures of {num_frames} frames; every {frame_step} frames makes {due}"
            raise ValueError(message)
        first = tuple(picture * frame_step for picture in self.first_frame_index)
        ends = (*first[1:], num_frames)
        covered = tuple(end - start for start, end in zip(first, ends, strict=True))
        return GopIndex(first, covered, self.byte_offset, self.byte_size)


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """One chunk of a game: a video and a states file of the same frames, or a states file alone.

    Attributes:
        file_number: planned number of both files.
        slp_frame_start: slp_frame of its first frame.
        slp_frame_exclusive_end: one past the slp_frame of its last frame.
        video: the mp4; None in a dataset of states alone, as are the GOPs.
        states: the Parquet file.
        gops: where the video's GOPs are; together they cover the chunk's frames.
        avcc: the video's decoder configuration (avcC box) in hexadecimal, with which GOPs can be decoded
            without their container.
        evidence: what was found about the alignment of this chunk alone.

    Raises:
        ValueError: the range of frames is empty, the video has another length, or only one of video and GOPs
            is given.
    """

    file_number: int
    slp_frame_start: int
    slp_frame_exclusive_end: int
    video: ObjectRef | None
    states: ObjectRef
    gops: GopIndex | None
    avcc: str
    evidence: tuple[Evidence, ...]

    def __post_init__(self) -> None:
        if (self.video is None) != (self.gops is None):
            message = "a chunk has a video and its GOPs, or neither"
            raise ValueError(message)
        in_gops = self.num_frames if self.gops is None else sum(self.gops.num_frames)
        if self.num_frames < 1 or in_gops != self.num_frames:
            message = (
                f"slp_frames [{self.slp_frame_start}, {self.slp_frame_exclusive_end}) are {self.num_frames}, "
                f"the frames of the GOPs {in_gops}; a chunk has as many of both, at least 1"
            )
            raise ValueError(message)
        if self.video is not None:
            lerobot_position(self.video.key)
        lerobot_position(self.states.key)
        bytes.fromhex(self.avcc)

    @property
    def footage(self) -> tuple[ObjectRef, GopIndex]:
        """The video object and its GOPs.

        Raises:
            RecordRefused: the chunk has only states.
        """
        if self.video is None or self.gops is None:
            message = f"{self.states.key}: a chunk of states alone has no pictures to show"
            raise RecordRefused(message)
        return self.video, self.gops

    @property
    def video_bytes(self) -> int:
        """Size of the video; 0 if there is none."""
        return 0 if self.video is None else self.video.size_bytes

    @property
    def objects(self) -> tuple[tuple[Kind, ObjectRef], ...]:
        """The chunk's objects with their kinds: the video, if there is one, and the states file."""
        states: tuple[Kind, ObjectRef] = ("states", self.states)
        return (states,) if self.video is None else (("video", self.video), states)

    @property
    def num_frames(self) -> int:
        """Number of rows of the states file, and of frames that the video covers."""
        return self.slp_frame_exclusive_end - self.slp_frame_start


@dataclass(frozen=True, slots=True)
class PlayerFacts:
    """The facts about one player of a game: port, character, costume and so on.

    Attributes:
        port: the controller's port, 0 to 3.
        character_id: the character's external id.
        character_name: the character, as libmelee names it, such as FOX.
        costume: number of the costume.
        is_human: False for a computer player.
        team: number of the team; None outside team games.
        player_hash: keyed hash of the player's identity, stable within a dataset; None if the replay does not
            say who it is.
        name: the player's name, only where the user asked for names in the dataset.
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
class CharacterSeen:
    """One character that a player was during a game; Zelda and Sheik count as two, in the order of their ids.

    Attributes:
        port: the player's port, 0 to 3.
        character_name: the character, as libmelee names it, such as SHEIK.
        num_frames: in how many frames the player was this character.
    """

    port: int
    character_name: str
    num_frames: int


@dataclass(frozen=True, slots=True)
class GameFacts:
    """The facts about a game that its replay records.

    Attributes:
        slippi_version: version of the replay's format, such as 3.18.0.
        stage_id: the stage's external id.
        stage_name: the stage, as libmelee names it, such as BATTLEFIELD.
        players: the players, in order of ports.
        is_teams: whether it is a team game.
        num_frames: number of different slp_frames in the replay.
        num_instances: number of frames as written; a frame that was rolled back counts each time.
        num_rolled_back: number of written frames that a later one replaced.
        first_slp_frame: the first slp_frame; -123 in every whole replay.
        last_slp_frame: the last slp_frame with any data.
        last_finalized_slp_frame: the last one that no rollback could change; None before Slippi 3.7.
        truncated: whether the file ends before its game does.
        timer_seconds: the timer's start value, in seconds; None if there is no timer.
        start_at: when the game was played, as written in the replay, or None.
        match_id: Slippi's id of the online match, or None.
        characters_seen: the characters that appear in the frames, by port; followers (Nana) are not counted.
            None in entries from before this was noted.
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
    characters_seen: tuple[CharacterSeen, ...] | None = field(default=None, metadata=ADDED_LATER)


def check_sha256(what: str, value: str) -> str:
    """Check that `value` is a sha256, and return it unchanged.

    Raises:
        ValueError: `value` is not 64 hexadecimal digits in lower case.
    """
    if not _SHA256.fullmatch(value):
        message = f"{what} is a sha256 in lower-case hex, got {value!r:.80}"
        raise ValueError(message)
    return value
