"""Walk through archives of every kind, and through the archives within them.

An archive within an archive is copied to a temporary file without a name, which disappears when it is closed.
Hostile archives are stopped by limits on depth, on the number of members, and on the bytes of inner archives,
of which there can only be as many as the outer archive can plausibly hold.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Final, cast

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay.archive_entries import INDEXED, entries
from workers.replay.content import replay_content
from workers.replay.decompression import DAMAGE as DAMAGED_STREAM
from workers.replay.locator import NameKind, archive_suffix, kind_of_name
from workers.replay.tar_archive import DAMAGE
from workers.replay.zip_archive import trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.replay.archive_entries import Entry

MAX_DEPTH: Final = 3  # of nested archives
_MAX_INNER_MEMBERS: Final = 1_000_000
_INNER_BYTES_PER_BYTE: Final = 4  # archives hardly shrink when they are packed again
_FREE_INNER_BYTES: Final = 1 << 30
_IN_MEMORY_BYTES: Final = 8 << 20
_PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A file within an archive.

    Attributes:
        steps: Names and numbers on the way from the outermost archive to the member: one step, and one more
            for each archive within another. The number is 1 for the first member with a name, 2 for the
            second, and so on.
        kind: The kind of file, by its name.
        content: The bytes of a replay if reading them again would be slow; or why a member is not read; or
            None.
    """

    steps: tuple[tuple[str, int], ...]
    kind: NameKind
    content: bytes | ReplayRefused | None = None

    @property
    def name(self) -> str:
        """The member's name in the archive that holds it."""
        return self.steps[-1][0]

    @property
    def number(self) -> int:
        """The member's number among those with the same name, from 1."""
        return self.steps[-1][1]


@dataclass(slots=True)
class Budget:
    """How many bytes and members all archives within one archive may still hold together."""

    num_bytes: int
    num_members: int = _MAX_INNER_MEMBERS

    @classmethod
    def of_size(cls, size_bytes: int) -> Budget:
        """Make the budget of an archive of the given size."""
        return cls(_INNER_BYTES_PER_BYTE * size_bytes + _FREE_INNER_BYTES)

    def take(self, *, num_bytes: int = 0, num_members: int = 0) -> None:
        """Spend a part of the budget.

        Raises:
            ReplayRefused: NOT_READ: this is more than what is left.
        """
        self.num_bytes -= num_bytes
        self.num_members -= num_members
        if min(self.num_bytes, self.num_members) < 0:
            message = "the archives within this one hold more than an honest one could; unpack it"
            raise ReplayRefused(Reason.NOT_READ, message)


class Part:
    """The next bytes of an open file, presented as a file of their own."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, none at the end; all remaining bytes if `size` is negative."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= len(data)
        return data


def listed(name: str, number: int, why_not: str | None) -> Member:
    """Make a member that is not read now; `why_not` is the reason if it never is."""
    kind = kind_of_name(name)
    content = None
    if kind is NameKind.UNREAD:
        message = "not a kind of file that is read; unpack it"
        content = ReplayRefused(Reason.NOT_READ, message)
    elif kind is not NameKind.OTHER and why_not is not None:
        content = ReplayRefused(Reason.NOT_READ, why_not)
    return Member(((name, number),), kind, content)


def members_within(file: IO[bytes], name: str, budget: Budget, depth: int = 1) -> Iterator[Member]:
    """Yield every member of an open archive with its content, and the members of archives in it.

    Args:
        file: the archive, seekable and at its beginning.
        name: the archive's name, which tells its kind.
        budget: how much inner archives may hold.
        depth: 1 for an outermost archive.

    Raises:
        ReplayRefused: UNREADABLE: the archive is not whole; raised after the members that could be read.
    """
    with _damage_refused(name):
        for entry in entries(file, name, budget.num_bytes):
            if depth > 1:
                budget.take(num_members=1)
            yield from as_members(entry, name, budget, depth)


def as_members(entry: Entry, archive: str, budget: Budget, depth: int = 1) -> Iterator[Member]:
    """Yield an entry of the named archive with its content, or its members if it is itself an archive."""
    step, kind = (entry.name, entry.number), kind_of_name(entry.name)
    if entry.content is None or kind in (NameKind.OTHER, NameKind.UNREAD):
        yield listed(entry.name, entry.number, None)
    elif isinstance(entry.content, ReplayRefused):
        yield Member((step,), kind, entry.content)
    elif kind is NameKind.REPLAY:
        yield Member((step,), kind, _content_or_refusal(entry.content, entry.name, archive))
    elif depth >= MAX_DEPTH:
        message = f"archives are read {MAX_DEPTH} deep, and this lies deeper; unpack the outer one"
        yield Member((step,), kind, ReplayRefused(Reason.NOT_READ, message))
    else:
        yield from _nested(step, entry.content, archive, budget, depth)


def _nested(
    step: tuple[str, int], content: IO[bytes], archive: str, budget: Budget, depth: int
) -> Iterator[Member]:
    try:
        is_empty = True
        with _copied(content, archive, budget) as inner:
            for member in members_within(inner, step[0], budget, depth + 1):
                is_empty = False
                yield replace(member, steps=(step, *member.steps))
        if is_empty:
            yield Member((step,), NameKind.OTHER)  # it is listed, so that no member vanishes
    except ReplayRefused as refusal:
        yield Member((step,), NameKind.ARCHIVE, refusal)


def read_within(file: IO[bytes], name: str, steps: Sequence[tuple[str, int]], budget: Budget) -> bytes | None:
    """Return the bytes of one replay; None if there is no such member.

    Args:
        file: the outermost archive, seekable and at its beginning.
        name: the archive's name.
        steps: the way to the member, as in `Member`.
        budget: how much inner archives may hold.

    Raises:
        ReplayRefused: the member is not a replay, or the archive is damaged before it.
    """
    wanted, rest = steps[0], steps[1:]
    with _damage_refused(name):
        for entry in entries(file, name, budget.num_bytes, wanted):
            if (entry.name, entry.number) != wanted:
                continue
            if isinstance(entry.content, ReplayRefused):
                raise entry.content
            if entry.content is None:
                raise ReplayRefused(Reason.NOT_SLP, "not a .slp file by its name")
            if not rest:
                return replay_content(entry.content, entry.name)
            with _copied(entry.content, name, budget) as inner:
                return read_within(inner, entry.name, rest, budget)
    return None


def _content_or_refusal(content: IO[bytes], name: str, archive: str) -> bytes | ReplayRefused:
    try:
        if archive_suffix(archive) not in INDEXED:
            return replay_content(content, name)  # damage in a stream affects everything after it
        with _damage_refused(archive):
            return replay_content(content, name)
    except ReplayRefused as refusal:
        return refusal


@contextmanager
def _copied(content: IO[bytes], archive: str, budget: Budget) -> Iterator[IO[bytes]]:
    """Copy an archive that is a member of another into a seekable temporary file, which is then removed."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as copy:
        with _damage_refused(archive):
            while piece := content.read(_PIECE_BYTES):
                budget.take(num_bytes=len(piece))
                copy.write(piece)
        copy.seek(0)
        yield cast("IO[bytes]", copy)


@contextmanager
def _damage_refused(archive: str) -> Iterator[None]:
    """Turn the libraries' errors about damaged archives into a refusal that names no member."""
    suffix = archive_suffix(archive)
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        # The decompressors raise OSError without an errno; the machine's own errors have one.
        raise ReplayRefused(Reason.UNREADABLE, f"not a whole {suffix}: {_words(error, suffix)}") from error
    except (*DAMAGE, *DAMAGED_STREAM) as error:
        raise ReplayRefused(Reason.UNREADABLE, f"not a whole {suffix}: {_words(error, suffix)}") from error


def _words(error: BaseException, suffix: str) -> str:
    return trouble(error) if suffix == ".zip" else str(error)
