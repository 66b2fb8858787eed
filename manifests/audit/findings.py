"""The vocabulary of an audit: how deep it looks, what it finds, and its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Depth(IntEnum):
    """How deep an audit looks; each depth includes the ones before it.

    LISTING: every object is there and has its size; records can be read and agree with each other.
    CHECKSUM: every object has its sha256.
    STRUCTURE: a video has as many packets as its states file has rows and the ledger says; key frames and
        bytes are where the GOP table says.
    DECODE: every decoded picture shows the slp_frame of its row, and moves as the state says.
    """

    LISTING = 1
    CHECKSUM = 2
    STRUCTURE = 3
    DECODE = 4


class Kind(StrEnum):
    """The kinds of things that can be wrong with a dataset."""

    MISSING = "missing"  # the object is not there
    SIZE = "size"  # it has another size
    CHECKSUM = "checksum"  # it has other bytes
    RECORD = "record"  # dataset.json, a plan, a ledger entry or a snapshot cannot be read
    DISAGREEMENT = "disagreement"  # two records that should agree do not
    NUMBERS = "numbers"  # a game has file numbers that were planned for another one, or for none
    UNREADABLE = "unreadable"  # the bytes are as recorded, and are no video or states file
    STRUCTURE = "structure"  # the pair's two sides, or the GOP table, do not fit each other
    FRAMES = "frames"  # a picture does not show its row's slp_frame


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its kind, the key of the object, and the particulars for a person."""

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
        owner: "committed" if its game's entry names others in its place (nothing can come to need it),
            "unfinished" if its game is planned but not committed, "unknown" if no plan has its number.
    """

    key: str
    size_bytes: int
    modified_at: float
    owner: str


@dataclass
class Report:
    """What an audit did and found.

    Attributes:
        depth: how deep it looked.
        num_games: committed games that were checked.
        num_chunks: pairs of these games.
        num_sampled: pairs that were checked more deeply than LISTING.
        num_bytes: bytes that were read for checksums.
        num_frames: pictures that were decoded.
        num_witnessed: pairs on whose motion the witness had something to say, for or against.
        num_independently_checked: videos that another program than their writer looked at.
        num_set_aside: games that were set aside.
        num_pending: planned games without a ledger entry.
        num_unlisted: games in the ledger that the newest snapshot does not have yet.
        findings: everything that is wrong.
        orphans: chunk objects that no entry names.
        strangers: keys of objects that are none of a dataset's; nothing of ours reads or removes them.
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
        """Whether nothing is wrong; orphans, strangers and pending games are not wrong."""
        return not self.findings
