"""Reads a replay's bytes from a file, an archive or a bucket, by the locator that the plan carries.

`workers.replay.locator` says what a locator looks like. What ends in .gz or .zst is decompressed. Nothing is
unpacked to disk, and no more than MAX_REPLAY_BYTES are ever held, whatever an archive claims or expands to.

A member of a .tar.gz can only be reached by decompressing everything before it, so rendering from one is
slow.
"""

from __future__ import annotations

import errno
import gzip
import io
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

import pyarrow as pa

from manifests.errors import DatasetError
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay.bucket import read_object
from workers.replay.container import MAGIC
from workers.replay.locator import NameKind, is_in_bucket, kind_of_name, place_of, shown
from workers.replay.plain_file import open_plain
from workers.replay.tar_archive import DAMAGE, open_tar, tar_members, why_not_read
from workers.replay.zip_archive import ZipIndex, trouble

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterator

    from workers.replay.locator import Place

MAX_REPLAY_BYTES = 64 << 20  # an eight-minute game with every frame rolled back is a fifth of this
_OPEN_ARCHIVES = 8  # per process
# The machine runs short, which says nothing about the one file at which it showed.
_MACHINE_ERRORS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class FileUnread(EnvironmentFailed):
    """One file is not there or cannot be read, which says nothing about others; `why` says why."""

    def __init__(self, locator: str, why: str) -> None:
        super().__init__(f"{locator}: {why}; put it back, or plan anew from where the replays are now")
        self.why = why


@dataclass(frozen=True, slots=True)
class Member:
    """A file within an archive.

    Attributes:
        name: Its name, as the archive has it.
        number: 1 for the first member of that name, 2 for the second, and so on.
        kind: What it is by its name.
        content: The bytes of a replay if they cannot be read again cheaply; or why a member is not read; or
            None.
    """

    name: str
    number: int
    kind: NameKind
    content: bytes | ReplayRefused | None = None


def read_source(locator: str) -> bytes:
    """Return a replay's bytes.

    Raises:
        ReplayRefused: NOT_SLP or UNREADABLE: the bytes cannot be a replay, or cannot be decompressed.
        FileUnread: the file is not there, or cannot be read; that says nothing about the replay.
        EnvironmentFailed: the bucket, or this machine, cannot do it.
    """
    place = place_of(locator)
    try:
        if is_in_bucket(place.path):
            return _decompressed(io.BytesIO(read_object(place.path, MAX_REPLAY_BYTES + 1)), place.path)
        if place.member is None:
            with open_plain(place.path) as file:
                return _decompressed(file, place.path)
        return _read_member(place, place.member)
    except OSError as error:
        if error.errno in _MACHINE_ERRORS:
            message = f"{locator}: {error.strerror}; free some, or read with fewer processes: --workers"
            raise EnvironmentFailed(message) from error
        raise FileUnread(shown(locator), error.strerror or str(error)) from error
    except DatasetError as error:
        raise EnvironmentFailed(str(error)) from error


def archive_members(archive: Path) -> Iterator[Member]:
    """Yield every file within an archive, of whatever kind; in order of name, or of a .tar.gz in its order.

    Raises:
        ReplayRefused: UNREADABLE if it is no such archive, or is not whole; raised after the members that can
            be read all the same.
        OSError: If it cannot be read.
    """
    if _is_streamed(archive):
        yield from _stream(archive)
    elif _is_zip(archive):
        for name, number in _zip(archive).names():
            yield _listed(name, number, None)
    else:
        index = _tar_index(str(archive), _stamp(archive))
        for name in sorted(index.places):
            for number, place in enumerate(index.places[name], start=1):
                yield _listed(name, number, place.why_not)
        if index.damage:
            raise ReplayRefused(Reason.UNREADABLE, index.damage)


def _listed(name: str, number: int, why_not: str | None) -> Member:
    kind = kind_of_name(name)
    content = None
    if kind in (NameKind.ARCHIVE, NameKind.UNREAD):
        content = _nested()
    elif kind is NameKind.REPLAY and why_not is not None:
        content = ReplayRefused(Reason.NOT_READ, why_not)
    return Member(name, number, kind, content)


def _nested() -> ReplayRefused:
    return ReplayRefused(Reason.NOT_READ, "an archive within an archive is not read; unpack the outer one")


def _stream(archive: Path) -> Iterator[Member]:
    seen: Counter[str] = Counter()
    try:
        with (
            open_plain(archive) as file,
            gzip.GzipFile(fileobj=file) as unpacked,
            open_tar(cast("IO[bytes]", _InPieces(unpacked)), "r|") as opened,
        ):
            for header in tar_members(opened):
                seen[header.name] += 1
                member = _listed(header.name, seen[header.name], why_not_read(header))
                if member.kind is NameKind.REPLAY and member.content is None:
                    content = _streamed_content(opened, header)
                    member = Member(member.name, member.number, member.kind, content)
                yield member
    except OSError as error:
        if error.errno is not None:
            raise
        raise ReplayRefused(Reason.UNREADABLE, f"not a whole .tar.gz: {error}") from error
    except DAMAGE as error:
        raise ReplayRefused(Reason.UNREADABLE, f"not a whole .tar.gz: {error}") from error


class _InPieces:
    """Gives what there is of a .gz before it raises that the rest is missing, as GzipFile.read does not."""

    def __init__(self, unpacked: gzip.GzipFile) -> None:
        self._unpacked = unpacked

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, none at the end."""
        return self._unpacked.read1(size)


def _streamed_content(opened: tarfile.TarFile, header: tarfile.TarInfo) -> bytes | ReplayRefused:
    content = opened.extractfile(header)
    assert content is not None, "a plain file has content"
    try:
        return _decompressed(content, header.name)
    except ReplayRefused as refusal:
        return refusal


def _is_streamed(archive: Path) -> bool:
    return archive.name.lower().endswith((".tar.gz", ".tgz"))


def _is_zip(archive: Path) -> bool:
    return archive.name.lower().endswith(".zip")


def _read_member(place: Place, member: str) -> bytes:
    archive = Path(place.path)
    if _is_streamed(archive):
        for found in _stream(archive):
            if (found.name, found.number) == (member, place.number):
                return _read_streamed(found)
    elif _is_zip(archive):
        content = _zip(archive).open(member, place.number)
        if content is not None:
            return _read_zipped(content, member)
    else:
        places = _tar_index(place.path, _stamp(archive)).places.get(member, [])
        if place.number <= len(places):
            return _read_tarred(archive, places[place.number - 1], member)
    which = shown(member) if place.number == 1 else f"{shown(member)}, number {place.number}"
    message = f"{shown(place.path)}: it has no member {which!r} any more; plan anew"
    raise EnvironmentFailed(message)


def _read_streamed(found: Member) -> bytes:
    if isinstance(found.content, bytes):
        return found.content
    raise found.content or ReplayRefused(Reason.NOT_SLP, "not a .slp file by its name")


def _read_tarred(archive: Path, place: _TarPlace, member: str) -> bytes:
    if place.why_not is not None:
        raise ReplayRefused(Reason.NOT_READ, place.why_not)
    with open_plain(archive) as file:
        file.seek(place.offset)
        wanted = min(place.size, MAX_REPLAY_BYTES + 1)
        data = file.read(wanted)
    if len(data) < wanted:
        message = f"its .tar ends {wanted - len(data)} bytes before this member does"
        raise ReplayRefused(Reason.UNREADABLE, message)
    return _decompressed(io.BytesIO(data), member)


def _read_zipped(member: IO[bytes], name: str) -> bytes:
    try:
        with member as content:
            return _decompressed(content, name)
    except OSError as error:
        if error.errno is not None:
            raise
        # bz2 raises OSError without an errno; the machine's own errors have one.
        raise ReplayRefused(Reason.UNREADABLE, f"cannot be read from its .zip: {trouble(error)}") from error
    except DAMAGE as error:
        raise ReplayRefused(Reason.UNREADABLE, f"cannot be read from its .zip: {trouble(error)}") from error


def _decompressed(content: IO[bytes], name: str) -> bytes:
    """Return the content of a stream, decompressed as its name says, up to the size a replay may have."""
    suffix = name.lower().rpartition(".")[2]
    try:
        if suffix == "gz":
            return _bounded(cast("IO[bytes]", gzip.GzipFile(fileobj=content)))
        if suffix == "zst":
            return _bounded(cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(content, "r"), "zstd")))
    except (EOFError, zlib.error, pa.ArrowException) as error:
        raise ReplayRefused(Reason.UNREADABLE, f"not a whole .{suffix}: {error}") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # The decompressors raise OSError without an errno; the machine's own errors have one.
        raise ReplayRefused(Reason.UNREADABLE, f"not a whole .{suffix}: {error}") from error
    return _bounded(content)


def _bounded(content: IO[bytes]) -> bytes:
    """Read a replay; its head first, so that other files are not decompressed any further.

    Raises:
        ReplayRefused: NOT_SLP: it does not begin like a replay; UNREADABLE: it is larger than any replay.
    """
    head = content.read(len(MAGIC))
    if head != MAGIC:
        begin = head[:8].hex(" ") or "nothing"
        message = f"not a .slp file: it begins with {begin}, a .slp with {MAGIC[:8].hex(' ')}"
        raise ReplayRefused(Reason.NOT_SLP, message)
    rest = content.read(MAX_REPLAY_BYTES - len(head) + 1)
    if len(head) + len(rest) > MAX_REPLAY_BYTES:
        message = f"more than {MAX_REPLAY_BYTES >> 20} MiB; no game is that long"
        raise ReplayRefused(Reason.UNREADABLE, message)
    return head + rest


def _stamp(archive: Path) -> tuple[int, int]:
    """Return a key that changes when an archive does, so that no stale index is used."""
    status = archive.stat()
    return status.st_mtime_ns, status.st_size


def _zip(archive: Path) -> ZipIndex:
    return _open_zip(str(archive), _stamp(archive))


@lru_cache(_OPEN_ARCHIVES)
def _open_zip(archive: str, _: tuple[int, int]) -> ZipIndex:
    # Left open on purpose: reading the table of contents anew for each of its members would be quadratic.
    return ZipIndex(archive)


@dataclass(frozen=True, slots=True)
class _TarPlace:
    offset: int
    size: int
    why_not: str | None


@dataclass(frozen=True, slots=True)
class _TarIndex:
    """Where the members of a .tar are, by name; and what is wrong behind the last one, if anything is."""

    places: dict[str, list[_TarPlace]]
    damage: str


@lru_cache(_OPEN_ARCHIVES)
def _tar_index(archive: str, _: tuple[int, int]) -> _TarIndex:
    places: dict[str, list[_TarPlace]] = {}
    damage = ""
    with open_plain(archive) as file:
        try:
            with open_tar(file, "r:") as opened:
                for member in tar_members(opened):
                    place = _TarPlace(member.offset_data, member.size, why_not_read(member))
                    places.setdefault(member.name, []).append(place)
        except DAMAGE as error:
            damage = f"not a whole .tar: {error}" if places else f"not a .tar: {error}"
    return _TarIndex(places, damage)
