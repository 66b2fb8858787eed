"""Read a replay's bytes from a file, an archive or a bucket, by the locator in the plan.

`workers.replay.locator` describes locators. Files that end in .gz or .zst are decompressed. No more than
MAX_REPLAY_BYTES of a replay are ever held, whatever an archive claims or expands to.

Members of a .zip and of a .tar are read directly. A member of any other archive, or of an archive within an
archive, is reached by decompressing everything before it: see `workers.replay.archive_walk`.
"""

from __future__ import annotations

import errno
import io
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from manifests.errors import DatasetError
from manifests.home_folder import with_home
from manifests.ledger.reasons import Reason
from manifests.plain_file import open_plain
from manifests.store.contract import ObjectMissing
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.printable import shown
from workers.replay.archive_entries import INDEXED, Entry
from workers.replay.archive_walk import (
    Budget,
    Member,
    Part,
    as_members,
    listed,
    members_within,
    read_within,
)
from workers.replay.bucket import read_object
from workers.replay.content import MAX_REPLAY_BYTES, replay_content
from workers.replay.hub import local_copy
from workers.replay.locator import (
    NameKind,
    archive_suffix,
    is_in_bucket,
    is_on_hub,
    kind_of_name,
    place_of,
)
from workers.replay.tar_archive import DAMAGE, open_tar, tar_members, why_not_read
from workers.replay.zip_archive import ZipIndex, trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.replay.locator import Place

_OPEN_ARCHIVES = 8  # per process
# These errors mean that the machine runs short of something; they say nothing about the present file.
_MACHINE_ERRORS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class FileUnread(EnvironmentFailed):
    """One file does not exist or cannot be read, which says nothing about others; `why` is the reason."""

    def __init__(
        self, locator: str, why: str, remedy: str = "put it back, or plan anew from where the replays are now"
    ) -> None:
        super().__init__(f"{locator}: {why}; {remedy}")
        self.why = why


def read_source(locator: str) -> bytes:
    """Return a replay's bytes.

    Raises:
        ReplayRefused: NOT_SLP or UNREADABLE: the bytes cannot be a replay, or cannot be decompressed.
        FileUnread: the file does not exist, or cannot be read; that says nothing about the replay.
        EnvironmentFailed: the bucket, or this machine, failed.
    """
    try:
        place = at_hand(place_of(locator))
        if is_in_bucket(place.path):
            return replay_content(io.BytesIO(read_object(place.path, MAX_REPLAY_BYTES + 1)), place.path)
        if place.member is None:
            with open_plain(place.path) as file:
                return replay_content(file, place.path)
        return _read_member(place, place.member)
    except OSError as error:
        if error.errno in _MACHINE_ERRORS:
            message = f"{locator}: {error.strerror}; free some, or read with fewer processes: --workers"
            raise EnvironmentFailed(message) from error
        if isinstance(error, IsADirectoryError):
            raise FileUnread(shown(locator), "it is a folder, not a file", "name a replay in it") from error
        raise FileUnread(shown(locator), error.strerror or str(error)) from error
    except ObjectMissing as error:
        raise FileUnread(shown(locator), "no such object") from error
    except DatasetError as error:
        raise EnvironmentFailed(str(error)) from error


def at_hand(place: Place) -> Place:
    """Return a place with its path on this machine: ~ is expanded, and a file on the hub is fetched.

    Raises:
        ReplayRefused: NOT_READ: no file could have such a name.
        EnvironmentFailed: the file cannot be fetched.
        NoHome: the place is in the home folder, and there is none.
    """
    if is_on_hub(place.path):
        return replace(place, path=str(local_copy(place.path)))
    if place.path.startswith("~/"):  # plans use ~ so that they do not name the owner of the home
        return replace(place, path=str(with_home(place.path)))
    return place


def archive_members(archive: Path) -> Iterator[Member]:
    """Yield every file within an archive of any kind, and within the archives in it.

    Files come in order of name from a .zip or .tar, otherwise in the archive's order.

    Raises:
        ReplayRefused: UNREADABLE if it is not such an archive, or is not whole; raised after the members that
            could be read.
        OSError: The archive cannot be read.
    """
    budget = Budget.of_size(archive.stat().st_size)
    suffix = archive_suffix(archive.name)
    if suffix not in INDEXED:
        with open_plain(archive) as file:
            yield from members_within(file, archive.name, budget)
        return
    damage = ""
    places: list[tuple[str, int, str | None]]
    if suffix == ".zip":
        places = [(name, number, None) for name, number in _zip(archive).names()]
    else:
        index = _tar_index(str(archive), _stamp(archive))
        damage = index.damage
        places = [
            (name, number, place.why_not)
            for name in sorted(index.places)
            for number, place in enumerate(index.places[name], start=1)
        ]
    for name, number, why_not in places:
        if kind_of_name(name) is NameKind.ARCHIVE and why_not is None:
            with _opened(archive, name, number) as content:
                yield from as_members(Entry(name, number, content), archive.name, budget)
        else:
            yield listed(name, number, why_not)
    if damage:
        raise ReplayRefused(Reason.UNREADABLE, damage)


def is_slow(place: Place) -> bool:
    """Whether reading this replay requires decompressing others before it."""
    return place.member is not None and (archive_suffix(place.path) not in INDEXED or bool(place.inner))


def _read_member(place: Place, member: str) -> bytes:
    archive = Path(place.path)
    if is_slow(place):
        with open_plain(archive) as file:
            budget = Budget.of_size(archive.stat().st_size)
            data = read_within(file, archive.name, place.steps, budget)
        if data is not None:
            return data
    elif archive_suffix(place.path) == ".zip":
        content = _zip(archive).open(member, place.number)
        if content is not None:
            return _read_zipped(content, member)
    else:
        places = _tar_index(place.path, _stamp(archive)).places.get(member, [])
        if place.number <= len(places):
            return _read_tarred(archive, places[place.number - 1], member)
    which = "!".join(
        shown(name) if number == 1 else f"{shown(name)}, number {number}" for name, number in place.steps
    )
    raise FileUnread(shown(place.path), f"it has no member {which!r} any more")


@contextmanager
def _opened(archive: Path, member: str, number: int) -> Iterator[IO[bytes] | ReplayRefused]:
    """Open a member of a .zip or a .tar that is known to exist."""
    if archive_suffix(archive.name) == ".zip":
        try:
            content = _zip(archive).open(member, number)
        except ReplayRefused as refusal:
            yield refusal
            return
        assert content is not None, "it was listed"
        with content:
            yield content
        return
    place = _tar_index(str(archive), _stamp(archive)).places[member][number - 1]
    with open_plain(archive) as file:
        file.seek(place.offset)
        yield cast("IO[bytes]", Part(file, place.size))


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
    return replay_content(io.BytesIO(data), member)


def _read_zipped(member: IO[bytes], name: str) -> bytes:
    try:
        with member as content:
            return replay_content(content, name)
    except OSError as error:
        if error.errno is not None:
            raise
        # bz2 raises OSError without an errno; the machine's own errors have one.
        raise ReplayRefused(Reason.UNREADABLE, f"cannot be read from its .zip: {trouble(error)}") from error
    except DAMAGE as error:
        raise ReplayRefused(Reason.UNREADABLE, f"cannot be read from its .zip: {trouble(error)}") from error


def _stamp(archive: Path) -> tuple[int, int]:
    """Return a key that changes when an archive does, so that no stale index is used."""
    status = archive.stat()
    return status.st_mtime_ns, status.st_size


def _zip(archive: Path) -> ZipIndex:
    return _open_zip(str(archive), _stamp(archive))


@lru_cache(_OPEN_ARCHIVES)
def _open_zip(archive: str, _: tuple[int, int]) -> ZipIndex:
    # Left open on purpose: reading the table of contents again for each member would be quadratic.
    return ZipIndex(archive)


@dataclass(frozen=True, slots=True)
class _TarPlace:
    offset: int
    size: int
    why_not: str | None


@dataclass(frozen=True, slots=True)
class _TarIndex:
    """The places of the members of a .tar, by name; and what is wrong after the last one, if anything."""

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
