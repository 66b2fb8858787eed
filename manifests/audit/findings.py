"""The types of an audit: its depths, the kinds of findings, orphans, and the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Depth(IntEnum):
    """How deep an audit looks; each depth includes the ones before it.

    LISTING: every object exists and has its recorded size; records can be read and agree with each other.
    CHECKSUM: every object has its recorded sha256.
    STRUCTURE: a video has as many packets as its states file has rows and as the ledger says; key frames and
        bytes are where the GOP table says.
    DECODE: every decoded picture shows the slp_frame of its row, and the motion fits the state.
    """

    LISTING = 1
    CHECKSUM = 2
    STRUCTURE = 3
    DECODE = 4


class Kind(StrEnum):
    """The kinds of things that can be wrong with a dataset."""

    MISSING = "missing"  # the object does not exist
    SIZE = "size"  # the object has another size than recorded
    CHECKSUM = "checksum"  # the object has other bytes than recorded
    RECORD = "record"  # dataset.json, a plan, a ledger entry or a snapshot cannot be read
    DISAGREEMENT = "disagreement"  # two records that should agree do not
    NUMBERS = "numbers"  # a game has file numbers that were planned for another game, or for none
    UNREADABLE = "unreadable"  # the bytes are as recorded, but are not a video or states file
    STRUCTURE = "structure"  # video, states file and GOP table do not fit each other
    FRAMES = "frames"  # a picture does not show its row's slp_frame


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its kind, the key of the object, and a description for a person."""

    kind: Kind
    key: str
    detail: str


@dataclass(frozen=True, slots=True)
class Orphan:
    """A chunk object that no ledger entry names.

    Attributes:
        key: the object's key.
        size_bytes: the object's size.
        modified_at: when it was put, in seconds since the epoch by the store's clock.
        owner: "committed" if its game is committed with other objects, so that nothing will need this one;
            "unfinished" if its game is planned but not committed; "unknown" if no plan has its number.
    """

    key: str
    size_bytes: int
    modified_at: float
    owner: str


@dataclass
class Report:
    """The report of an audit: what was checked, and what was found.

    Attributes:
        depth: the depth of the audit.
        num_games: committed games that were checked.
        num_chunks: pairs of these games.
        num_sampled: pairs that were checked more deeply than LISTING.
        num_bytes: bytes that were read for checksums.
        num_frames: pictures that were decoded.
        num_witnessed: pairs whose motion the witness could judge, for or against.
        num_independently_checked: videos that a program other than their writer checked.
        num_set_aside: games that were set aside.
        num_pending: planned games without a ledger entry.
        num_unlisted: games in the ledger that the newest snapshot does not have yet.
        findings: everything that is wrong.
        orphans: chunk objects that no entry names.
        strangers: keys of objects that do not belong to a dataset; no command reads or removes them.
    """

    depth: Depth
    num_games: int = 0
    num_chunks: int = 0
    num_sampled: int = 0
    num_bytes: int = 0
    num_frames: int = 0
    num_witnessed: int = 0
    num_independently_checked: int = 0
    num_set_aside: int = 0
    num_pending: int = 0
    num_unlisted: int = 0
    findings: list[Finding] = field(default_factory=list)
    orphans: list[Orphan] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong; orphans, strangers and pending games do not count as wrong."""
        return not self.findings
