"""What an audit is asked, what it finds, and what it counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Depth(IntEnum):
    """How deep an audit looks; each depth holds the ones before it.

    LISTING: every object is there and has its size; records can be read and agree with each other.
    CHECKSUM: every object has its sha256.
    STRUCTURE: packets = rows = the ledger's frames; key frames and bytes are where the GOP table says.
    DECODE: every decoded picture shows the slp_frame of its row, and moves as the state says.
    """

    LISTING = 1
    CHECKSUM = 2
    STRUCTURE = 3
    DECODE = 4


class Kind(StrEnum):
    """What can be wrong."""

    MISSING = "missing"  # the object is not there
    SIZE = "size"  # it has another size
    CHECKSUM = "checksum"  # it has other bytes
    RECORD = "record"  # dataset.json, a plan, a ledger entry or a snapshot cannot be read
    DISAGREEMENT = "disagreement"  # two records that should agree do not
    UNREADABLE = "unreadable"  # the bytes are as recorded, and are no video or states file
    STRUCTURE = "structure"  # the pair's two sides, or the GOP table, do not fit each other
    FRAMES = "frames"  # a picture does not show its row's slp_frame


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with which object, and what."""

    kind: Kind
    key: str
    detail: str


@dataclass(frozen=True, slots=True)
class Orphan:
    """A chunk object that no ledger entry names.

    Attributes:
        key: the object.
        size_bytes: its size.
        modified_at: seconds since the epoch.
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
        depth: as asked.
        num_games: committed games looked at.
        num_chunks: their pairs.
        num_sampled: pairs looked at more deeply than LISTING.
        num_bytes: read for checksums.
        num_frames: decoded.
        num_witnessed: pairs whose motion was told to fit the state, or not to.
        num_independently_checked: videos that another program than their writer looked at.
        num_set_aside: games.
        num_pending: planned games without a ledger entry.
        num_unlisted: games in the ledger that the newest snapshot does not have yet.
        findings: everything that is wrong.
        orphans: chunk objects that no entry names.
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

    @property
    def holds(self) -> bool:
        """True if nothing is wrong. Orphans and pending games are not wrong."""
        return not self.findings
