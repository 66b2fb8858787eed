"""Reads a replay's bytes from a file, an archive or a bucket, by the locator that the plan carries.

A locator is a path, `ARCHIVE!MEMBER` for a replay within a .zip, .tar, .tar.gz or .tgz, or `s3://BUCKET/KEY`.
What ends in .gz or .zst is decompressed. Nothing is unpacked to disk, and no more than MAX_REPLAY_BYTES are
ever held, whatever an archive claims or expands to.

A member of a .tar.gz can only be reached by decompressing everything before it, so rendering from one is
slow.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import pyarrow as pa

from manifests.errors import DatasetError
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay.bucket import is_in_bucket, read_object
from workers.replay.container import MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_REPLAY_BYTES = 64 << 20  # an eight-minute game with every frame rolled back is a fifth of this
REPLAY_SUFFIXES = (".slp", ".slp.gz", ".slp.zst")
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
_IN_ARCHIVE = re.compile(
    r"(?P<archive>.*?\.(?:zip|tar|tar\.gz|tgz))!(?P<member>.+)", re.IGNORECASE | re.DOTALL
)
_OPEN_ARCHIVES = 8  # per process


def read_source(locator: str) -> bytes:
    """Return a replay's bytes.

    Raises:
        ReplayRefused: NOT_SLP or UNREADABLE: the bytes cannot be a replay, or cannot be decompressed.
        EnvironmentFailed: the file is not there, or cannot be read; that says nothing about the replay.
    """
    within = _IN_ARCHIVE.fullmatch(locator)
    try:
        if is_in_bucket(locator):
            return _decompressed(io.BytesIO(read_object(locator, MAX_REPLAY_BYTES + 1)), locator)
        if within is None:
            with Path(locator).open("rb") as file:
                return _decompressed(file, locator)
        return _read_member(within["archive"], within["member"])
    except OSError as error:
        message = (
            f"{locator}: {error.strerror or error}; put it back, or plan anew from where the replays are now"
        )
        raise EnvironmentFailed(message) from error
    except DatasetError as error:
        raise EnvironmentFailed(str(error)) from error


def member_names(archive: Path) -> Iterator[str]:
    """Return the names of the replays within a .zip or .tar, in order of name.

    A .tar.gz is read by `stream_members`.

    Raises:
        ReplayRefused: UNREADABLE if it is no such archive.
        OSError: If it cannot be read.
    """
    names = _zip(archive).namelist() if _is_zip(archive) else _tar_index(str(archive), _stamp(archive))
    return iter(sorted(name for name in names if name.lower().endswith(REPLAY_SUFFIXES)))


def stream_members(archive: Path) -> Iterator[tuple[str, bytes | ReplayRefused]]:
    """Yield every replay within a .tar.gz, in its order: the name, and the bytes or why they were refused.

    Raises:
        ReplayRefused: UNREADABLE if it is no such archive, or breaks off.
        OSError: If it cannot be read.
    """
    try:
        with tarfile.open(archive, "r|gz") as opened:
            for member in opened:
                content = opened.extractfile(member) if member.isreg() else None
                if content is not None and member.name.lower().endswith(REPLAY_SUFFIXES):
                    try:
                        yield member.name, _decompressed(content, member.name)
                    except ReplayRefused as refusal:
                        yield member.name, refusal
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ReplayRefused(Reason.UNREADABLE, f"not a whole .tar.gz: {error}") from error


def is_streamed(archive: Path) -> bool:
    """Return whether a path names an archive whose members can only be read one after another."""
    return archive.name.lower().endswith((".tar.gz", ".tgz"))


def _is_zip(archive: Path) -> bool:
    return archive.name.lower().endswith(".zip")


def _read_member(archive_name: str, member: str) -> bytes:
    archive = Path(archive_name)
    if is_streamed(archive):
        for name, content in stream_members(archive):
            if name == member:
                if isinstance(content, ReplayRefused):
                    raise content
                return content
    elif _is_zip(archive):
        opened = _zip(archive)
        if member in opened.NameToInfo:
            return _read_zipped(opened, member)
    else:
        place = _tar_index(archive_name, _stamp(archive)).get(member)
        if place is not None:
            with archive.open("rb") as file:
                file.seek(place[0])
                return _decompressed(io.BytesIO(file.read(min(place[1], MAX_REPLAY_BYTES + 1))), member)
    message = f"{archive_name}: it has no member {member!r} any more; plan anew"
    raise EnvironmentFailed(message)


def _read_zipped(opened: zipfile.ZipFile, member: str) -> bytes:
    try:
        with opened.open(member) as content:
            return _decompressed(content, member)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        # RuntimeError is how zipfile says that a password is needed, NotImplementedError an odd compression.
        raise ReplayRefused(Reason.UNREADABLE, f"cannot be read from its .zip: {error}") from error


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


def _zip(archive: Path) -> zipfile.ZipFile:
    try:
        return _open_zip(str(archive), _stamp(archive))
    except zipfile.BadZipFile as error:
        raise ReplayRefused(Reason.UNREADABLE, f"not a .zip: {error}") from error


@lru_cache(_OPEN_ARCHIVES)
def _open_zip(archive: str, _: tuple[int, int]) -> zipfile.ZipFile:
    # Left open on purpose: reading the table of contents anew for each of its members would be quadratic.
    return zipfile.ZipFile(archive)


@lru_cache(_OPEN_ARCHIVES)
def _tar_index(archive: str, _: tuple[int, int]) -> Mapping[str, tuple[int, int]]:
    """Return offset and size of each plain file within a .tar, by name."""
    try:
        with tarfile.open(archive, "r:") as opened:
            return {member.name: (member.offset_data, member.size) for member in opened if member.isreg()}
    except tarfile.TarError as error:
        raise ReplayRefused(Reason.UNREADABLE, f"not a .tar: {error}") from error
