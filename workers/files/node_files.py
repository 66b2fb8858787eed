"""Keep the files that a run fetches from S3 in a cache of this machine: each once, shared by all slots.

    RemoteName -> identified() -> RemoteFile      once, where the run is started
    RemoteFile -> fetched()    -> Path            on every machine: the same bytes, or an error

A file is named by the hash of its bytes, and is written under another name first, so that no process sees
half of it. Nothing in the folder tells where a file came from. The folder may be deleted while nothing
renders.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from manifests.home_folder import cache_base
from workers.errors import EnvironmentFailed
from workers.files.digest import file_sha256
from workers.files.download import ObjectVersion, download, version_of
from workers.files.node_folder import is_own_file, locked, private_folder
from workers.files.remote import RemoteFile

if TYPE_CHECKING:
    from workers.files.remote import RemoteName

FETCH_SECONDS: Final = 600.0
"""Time limit for fetching a file, by this or another process; well below an attempt's hard limit."""
_SHA256_DIGITS: Final = 64
_PARTIAL: Final = ".partial-"


def fetched_folder() -> Path:
    """Return the folder of fetched files: $XDG_CACHE_HOME/dolphin-farm/fetched, usually below ~/.cache."""
    return cache_base() / "dolphin-farm" / "fetched"


def identified(name: RemoteName, folder: Path | None = None) -> RemoteFile:
    """Find out the hash of an object, by fetching it unless this version of it was fetched before.

    Args:
        name: where the object is.
        folder: the cache folder; `fetched_folder()` if None.

    Raises:
        EnvironmentFailed: the object cannot be fetched, or this machine cannot keep it.
    """
    folder = private_folder(folder or fetched_folder())
    version = version_of(name)
    note = folder / f"version-{_hash_of(name, version)}"
    known = _noted(note) if version.etag else None
    if known is not None:
        return RemoteFile(name, version.size_bytes, known)
    deadline = time.monotonic() + FETCH_SECONDS
    with locked(folder / f"{note.name}.lock", deadline, f"fetching {name.kind.what}"):
        partial, sha256 = _downloaded(name, version, folder, deadline)
        partial.replace(folder / f"{sha256}{name.suffix}")
        _write_note(note, sha256)
    return RemoteFile(name, version.size_bytes, sha256)


def fetched(file: RemoteFile, folder: Path | None = None) -> Path:
    """Return the path of a file in this machine's cache; fetch it first if needed.

    Args:
        file: the file, from `identified` on this or another machine.
        folder: the cache folder; `fetched_folder()` if None.

    Raises:
        EnvironmentFailed: the file cannot be fetched, holds other bytes than when the run began, or this
            machine cannot keep it.
    """
    folder = private_folder(folder or fetched_folder())
    target = folder / f"{file.sha256}{file.name.suffix}"
    if _is_whole(target, file):
        return target
    deadline = time.monotonic() + FETCH_SECONDS
    with locked(folder / f"{file.sha256}.lock", deadline, f"fetching {file.name.kind.what}"):
        if not _is_whole(target, file):
            _fetch(file, target, deadline)
    return target


def _fetch(file: RemoteFile, target: Path, deadline: float) -> None:
    name = file.name
    version = version_of(name)
    found = f"{version.size_bytes:,} bytes"
    if version.size_bytes == file.size_bytes:
        partial, sha256 = _downloaded(name, version, target.parent, deadline)
        if sha256 == file.sha256:
            partial.replace(target)
            return
        partial.unlink()
        found = f"sha256 {sha256[:12]}"
    message = (
        f"{name.kind.what} on S3 is not the one that this run began with ({found}; expected "
        f"{file.size_bytes:,} bytes, sha256 {file.sha256[:12]}): put that back, or start the run again"
    )
    raise EnvironmentFailed(message)


def _downloaded(name: RemoteName, version: ObjectVersion, folder: Path, deadline: float) -> tuple[Path, str]:
    """Download into a new file in the cache; return its path and hash. No file is left after an error."""
    _sweep(folder)
    free = shutil.disk_usage(folder).free
    if free < version.size_bytes:
        raise _full(name, version, folder, free)
    try:
        with (
            ExitStack() as undo,
            tempfile.NamedTemporaryFile(dir=folder, prefix=_PARTIAL, delete=False) as file,
        ):
            undo.callback(Path(file.name).unlink, missing_ok=True)
            sha256 = download(name, version, file.file, deadline)
            file.flush()
            undo.pop_all()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(name, version, folder, shutil.disk_usage(folder).free) from error
        message = f"{name.kind.what} cannot be written to {folder}: {error.strerror}"
        raise EnvironmentFailed(message) from error
    return Path(file.name), sha256


def _full(name: RemoteName, version: ObjectVersion, folder: Path, free: int) -> EnvironmentFailed:
    return EnvironmentFailed(
        f"no room for {name.kind.what} in {folder}: it has {version.size_bytes / 1e6:,.0f} MB, "
        f"{free / 1e6:,.0f} MB are free; free some, or set XDG_CACHE_HOME to a roomier folder"
    )


def _sweep(folder: Path) -> None:
    """Remove files that killed processes left behind; no file is written for longer than the deadline."""
    for partial in folder.glob(f"{_PARTIAL}*"):
        try:
            if time.time() - partial.stat().st_mtime > FETCH_SECONDS:
                partial.unlink()
        except FileNotFoundError:
            continue  # its writer has just ended


def _is_whole(target: Path, file: RemoteFile) -> bool:
    """Whether the cache holds exactly these bytes; hashed once per process while the file is unchanged."""
    if not is_own_file(target):
        return False
    try:
        return target.stat().st_size == file.size_bytes and file_sha256(target) == file.sha256
    except OSError as error:
        message = f"{file.name.kind.what} in {target.parent} cannot be read: {error.strerror}; remove it"
        raise EnvironmentFailed(message) from error


def _hash_of(name: RemoteName, version: ObjectVersion) -> str:
    return hashlib.sha256(f"{name.url}\n{version.etag}\n{version.size_bytes}".encode()).hexdigest()


def _noted(note: Path) -> str | None:
    if not is_own_file(note):
        return None
    text = note.read_text("ascii", "replace").strip()
    return text if len(text) == _SHA256_DIGITS and set(text) <= set("0123456789abcdef") else None


def _write_note(note: Path, sha256: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=note.parent, prefix=_PARTIAL, delete=False) as file:
        file.write(sha256)
    os.replace(file.name, note)  # noqa: PTH105 - tempfile gave a text
