"""Unpack a .zip, .tar or .tar.gz of a program's folder, and write nothing outside of the target folder.

Paths and links that lead out of the folder are refused, as are members that are not files (devices, FIFOs,
hard links), and more bytes than a program can have. Links are made last, so that no file is ever written
through one.
"""

from __future__ import annotations

import gzip
import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final, cast

from manifests.plain_file import open_plain
from workers.errors import EnvironmentFailed
from workers.replay.tar_archive import DAMAGE, open_tar, tar_members

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVES: Final = (".zip", ".tar", ".tar.gz", ".tgz")
MAX_UNPACKED_BYTES: Final = 2 << 30
MAX_MEMBERS: Final = 20_000
_PIECE_BYTES: Final = 1 << 20
_MAX_LINK_BYTES: Final = 4096
_ANY_EXECUTE: Final = 0o111


class _Refused(Exception):  # noqa: N818 - becomes an EnvironmentFailed
    """The archive holds a member that must not be unpacked."""


@dataclass(frozen=True, slots=True)
class _Member:
    """A file or a link within an archive; `link` is a link's target, None for a file."""

    name: str
    mode: int
    content: IO[bytes] | None
    link: str | None = None


def is_archive(path: Path) -> bool:
    """Return whether a file is, by its name, an archive that `unpack` knows."""
    return path.name.lower().endswith(ARCHIVES)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive into an empty folder.

    Args:
        archive: a .zip, .tar, .tar.gz or .tgz.
        folder: an empty folder; after an error it may hold some of the files.

    Raises:
        EnvironmentFailed: the archive is damaged, too large, or has members that would leave the folder.
        OSError: the archive cannot be read, or the folder cannot be written.
    """
    is_zip = archive.name.lower().endswith(".zip")
    try:
        _write_all(_zipped(archive) if is_zip else _tarred(archive), folder)
    except (_Refused, *DAMAGE) as error:
        why = (
            str(error)
            if isinstance(error, _Refused)
            else f"it is damaged, or cut off ({type(error).__name__})"
        )
        message = f"{archive} cannot be unpacked: {why}; pack the program's folder anew, or give the AppImage"
        raise EnvironmentFailed(message) from error


def _write_all(members: Iterator[_Member], folder: Path) -> None:
    links: list[tuple[Path, str]] = []
    room = MAX_UNPACKED_BYTES
    for number, member in enumerate(members, 1):
        if number > MAX_MEMBERS:
            message = f"it holds more than {MAX_MEMBERS:,} files"
            raise _Refused(message)
        path = _inside(folder, member.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if member.link is not None:
            links.append((path, member.link))
        else:
            assert member.content is not None, "what is no link has content"
            room = _write(path, member, member.content, room)
    for path, target in links:
        path.symlink_to(target)
    for path, target in links:
        if not path.resolve().is_relative_to(folder.resolve()):
            message = f"a link in it leads out of its folder, to {target!r}"
            raise _Refused(message)


def _write(path: Path, member: _Member, content: IO[bytes], room: int) -> int:
    """Write one file; return how many more bytes may be written."""
    try:
        with path.open("xb") as file:
            while piece := content.read(_PIECE_BYTES):
                room -= len(piece)
                if room < 0:
                    message = f"it unpacks to more than {MAX_UNPACKED_BYTES >> 20:,} MiB"
                    raise _Refused(message)
                file.write(piece)
    except FileExistsError as error:
        message = f"it holds {member.name!r} twice"
        raise _Refused(message) from error
    path.chmod(0o755 if member.mode & _ANY_EXECUTE else 0o644)
    return room


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\0" in name:
        message = f"{name!r} in it would be written outside of its folder"
        raise _Refused(message)
    return folder.joinpath(*parts)


def _zipped(archive: Path) -> Iterator[_Member]:
    with open_plain(archive) as file, zipfile.ZipFile(file) as opened:
        for about in opened.infolist():
            if about.is_dir():
                continue
            mode = about.external_attr >> 16
            with opened.open(about) as content:
                if stat.S_ISLNK(mode):
                    yield _Member(about.filename, mode, None, os.fsdecode(content.read(_MAX_LINK_BYTES)))
                else:
                    yield _Member(about.filename, mode, content)


def _tarred(archive: Path) -> Iterator[_Member]:
    with open_plain(archive) as file:
        is_packed = archive.name.lower().endswith("gz")
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if is_packed else file
        try:
            with open_tar(stream, "r|") as opened:
                for about in tar_members(opened):
                    if about.issym():
                        yield _Member(about.name, about.mode, None, about.linkname)
                        continue
                    content = opened.extractfile(about) if about.isreg() else None
                    if content is None:
                        message = f"{about.name!r} in it is no file and no plain link"
                        raise _Refused(message)
                    yield _Member(about.name, about.mode, content)
        except gzip.BadGzipFile as error:
            message = f"it is no .gz: {error}"
            raise _Refused(message) from error
