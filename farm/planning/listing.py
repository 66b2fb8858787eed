"""Lists the replays in a user's sources, one after another and never all at once.

A source is a folder (searched through, archives in it included), a glob, a file, an archive, an s3:// prefix
or a repository on the Hugging Face hub (hf://). Nothing vanishes: each file is listed, or left out with a
reason, or counted as passed over because its name is neither that of a replay nor that of an archive.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from farm.planning.folder_walk import GLOB_CHARACTERS, left_out_path, matches, named
from farm.planning.scanned_replay import Found, LeftOut
from manifests.errors import DatasetError
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.printable import shown
from workers.replay.bucket import list_bucket
from workers.replay.hub import list_hub, local_copy
from workers.replay.locator import (
    ARCHIVE_SUFFIXES,
    REPLAY_SUFFIXES,
    NameKind,
    is_in_bucket,
    is_on_hub,
    kind_of_name,
    nested_locator,
    path_locator,
)
from workers.replay.source import archive_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.replay.archive_walk import Member

_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})


@dataclass(slots=True)
class PassedOver:
    """Number of files that a listing passed over, since their names are neither replays' nor archives'."""

    count: int = 0


def list_replays(sources: Iterable[str], passed_over: PassedOver | None = None) -> Iterator[Found | LeftOut]:
    """Yield every replay of the sources, by name within each source, and every file that cannot be read.

    Args:
        sources: Folders, globs, files, archives, s3:// prefixes and hf:// repositories.
        passed_over: Counts the files that are passed over, as far as the listing has come.

    Raises:
        EnvironmentFailed: If a source is missing, or a bucket or the hub cannot be listed.
    """
    passed_over = PassedOver() if passed_over is None else passed_over
    for source in sources:
        if is_in_bucket(source):
            yield from _in_bucket(source, passed_over)
        elif is_on_hub(source):
            yield from _on_hub(source, passed_over)
        else:
            yield from _on_disk(source, passed_over)


def _on_disk(source: str, passed_over: PassedOver) -> Iterator[Found | LeftOut]:
    # If there is no home folder, os.path keeps a ~, but Path would raise.
    place = source if _is_there(source) else os.path.expanduser(source)  # noqa: PTH111
    if _is_there(place):
        yield from _in_path(Path(place), passed_over)
    elif GLOB_CHARACTERS & set(source):
        is_empty = True
        for match in matches(place):
            is_empty = False
            yield from [match] if isinstance(match, LeftOut) else _in_path(match, passed_over)
        if is_empty:
            message = f"{shown(source)}: nothing matches; mind the quotes, or give the folder"
            raise EnvironmentFailed(message)
    else:
        message = (
            f"{shown(source)}: there is no such file or folder; give a folder, a file, a glob or an archive"
        )
        raise EnvironmentFailed(message)


def _is_there(place: str) -> bool:
    try:
        os.lstat(place)
    except OSError as error:
        return error.errno not in _NOT_THERE
    except ValueError:  # the path has a zero byte
        return False
    return True


def _in_path(path: Path, passed_over: PassedOver) -> Iterator[Found | LeftOut]:
    for file in named(path.absolute()):
        if isinstance(file, LeftOut):
            yield file
        else:
            # A file that the user names is read, whatever its name.
            yield from _in_file(file, passed_over, is_named=file == path.absolute())


def _in_file(path: Path, passed_over: PassedOver, *, is_named: bool) -> Iterator[Found | LeftOut]:
    kind = kind_of_name(path.name)
    if kind is NameKind.UNREAD:
        yield _not_read(path_locator(str(path)))
    elif kind is NameKind.ARCHIVE:
        yield from _in_archive(path, str(path), passed_over)
    elif kind is NameKind.REPLAY or is_named:
        yield Found(path_locator(str(path)))
    else:
        passed_over.count += 1


def _not_read(locator: str) -> LeftOut:
    readable = ", ".join((*REPLAY_SUFFIXES, *ARCHIVE_SUFFIXES))
    detail = f"not a kind of file that is read; unpack it: {readable} are read"
    return LeftOut(locator, None, Reason.NOT_READ, detail)


def _in_archive(archive: Path, name: str, passed_over: PassedOver) -> Iterator[Found | LeftOut]:
    """Yield the replays in an archive; `name` is the archive's name, wherever its bytes are."""
    is_empty = True
    try:
        for member in archive_members(archive):
            is_empty = False
            if member.kind is NameKind.OTHER:
                passed_over.count += 1
            else:
                yield _as_found(name, member)
        if is_empty:
            passed_over.count += 1
    except ReplayRefused as refusal:
        yield LeftOut(path_locator(name), None, refusal.reason, shown(refusal.detail))
    except OSError as error:
        yield left_out_path(name, error)


def _as_found(archive: str, member: Member) -> Found | LeftOut:
    locator = nested_locator(archive, member.steps)
    if isinstance(member.content, ReplayRefused):
        return LeftOut(locator, None, member.content.reason, shown(member.content.detail))
    return Found(locator, member.content)


def _on_hub(url: str, passed_over: PassedOver) -> Iterator[Found | LeftOut]:
    is_empty = True
    for file in list_hub(url):
        is_empty = False
        kind = kind_of_name(file)
        if kind is NameKind.REPLAY:
            yield Found(path_locator(file))
        elif kind is NameKind.OTHER:
            passed_over.count += 1
        elif kind is NameKind.UNREAD:
            yield _not_read(path_locator(file))
        else:
            try:
                archive = local_copy(file)
            except ReplayRefused as refusal:
                yield LeftOut(path_locator(file), None, refusal.reason, refusal.detail)
            else:
                yield from _in_archive(archive, file, passed_over)
    if is_empty:
        message = f"{shown(url)}: no file's path begins so; give a repository and the beginning of its paths"
        raise EnvironmentFailed(message)


def _in_bucket(url: str, passed_over: PassedOver) -> Iterator[Found | LeftOut]:
    is_empty = True
    try:
        for place in list_bucket(url):
            if place.endswith("/"):
                continue  # the key stands for a folder, in a bucket that was filled with a browser
            is_empty = False
            kind = kind_of_name(place)
            if kind is NameKind.REPLAY or (kind is NameKind.OTHER and place == url):
                yield Found(path_locator(place))
            elif kind is NameKind.OTHER:
                passed_over.count += 1
            else:
                detail = "archives in a bucket are not read: copy it to a disk, or its replays to the bucket"
                yield LeftOut(path_locator(place), None, Reason.NOT_READ, detail)
    except DatasetError as error:
        raise EnvironmentFailed(str(error)) from error
    if is_empty:
        message = f"{shown(url)}: no object's key begins so; give a bucket and the beginning of its keys"
        raise EnvironmentFailed(message)
