"""A cache folder of bounded size for bytes that were fetched or computed, shared by any number of processes.

Each piece is one file, named by the hash of its key. It is written under another name and renamed, so a
reader sees all of it or nothing. A process that is reading a piece when it is evicted can read on. Before a
piece is written, its size is taken from the budget under a lock, and the least recently used pieces are
removed to make room. So the folder never exceeds its bound, however many processes write. The folder may be
deleted at any time.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from manifests.home_folder import cache_base
from manifests.training.mapped_file import map_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

CACHE_VARIABLE: Final = "DOLPHIN_FARM_CACHE"
_ROOM: Final = 0.9  # an eviction leaves this share of the bound, so that it does not run for every piece
_LEFTOVER: Final = ".part"
_COUNTER_BYTES: Final = 8
_SEAL_BYTES: Final = 16
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder in which a loader keeps packed states, and bytes of remote videos, between runs.

    Attributes:
        folder: the folder's path; None for $DOLPHIN_FARM_CACHE, or else a folder in the user's own cache.
        max_bytes: upper limit of the bytes of all files in the folder.
    """

    folder: str | Path | None = None
    max_bytes: int = 32 << 30

    def open(self) -> LocalCache:
        """Open the cache; its folder is made when the first piece is put into it.

        Raises:
            ValueError: max_bytes is below 1.
        """
        return LocalCache(_default_folder() if self.folder is None else Path(self.folder), self.max_bytes)


def _default_folder() -> Path:
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    return cache_base() / "dolphin-farm"


class LocalCache:
    """An open cache: pieces of bytes by key, which together take at most `max_bytes`.

    Args:
        folder: a folder for the pieces and nothing else; it is made when the first piece is put.
        max_bytes: upper limit of the bytes of all pieces together.

    Raises:
        ValueError: max_bytes is below 1.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        if max_bytes < 1:
            message = f"a cache holds 1 byte or more, got {max_bytes}"
            raise ValueError(message)
        self.folder, self.max_bytes = folder, max_bytes

    def read(self, key: str, start: int = 0, exclusive_end: int | None = None) -> bytes | None:
        """Read the bytes [start, exclusive_end) of a piece, by default all; None if the cache lacks it.

        Raises:
            OSError: the folder cannot be read.
        """
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            size = os.fstat(descriptor).st_size
            end = size if exclusive_end is None else exclusive_end
            os.utime(descriptor)  # eviction goes by the time of last use
            data = os.pread(descriptor, end - start, start)
        finally:
            os.close(descriptor)
        return data if len(data) == end - start else None

    def size_of(self, key: str) -> int | None:
        """Return the size of a piece in bytes; None if the cache lacks the piece.

        Raises:
            OSError: the folder cannot be read.
        """
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def map(self, key: str) -> NDArray[np.uint8] | None:
        """Map a piece into memory, uint8 [size], read-only; None if the cache lacks the piece.

        No file stays open, and the mapped bytes stay readable when the piece is evicted.

        Raises:
            OSError: the folder cannot be read.
        """
        path = self._path(key)
        try:
            data = map_file(path)
            os.utime(path)  # eviction goes by the time of last use
        except FileNotFoundError:
            return None
        return data

    def read_sealed(self, key: str) -> bytes | None:
        """Read a piece that `put_sealed` put; None if it is missing, damaged, or belongs to another key.

        Raises:
            OSError: the folder cannot be read.
        """
        data = self.read(key)
        if data is None:
            return None
        body, seal = data[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
        if seal == _seal(key, body):
            return body
        _LOG.warning("%s: a piece is damaged; it is fetched or made again", self.folder)
        self.drop(key)
        return None

    def put_sealed(self, key: str, data: bytes) -> None:
        """Put a piece together with a hash of its key and bytes, which `read_sealed` checks.

        Raises:
            OSError: the folder cannot be written.
        """
        self.put(key, data + _seal(key, data))

    def drop(self, key: str) -> None:
        """Remove a piece that turned out to be damaged."""
        with suppress(FileNotFoundError):
            self._path(key).unlink()

    def put(self, key: str, data: bytes) -> None:
        """Put a piece into the cache, unless it is larger than the cache's limit.

        Raises:
            OSError: the folder cannot be written.
        """
        path = self._path(key)
        if len(data) > self.max_bytes or path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_LEFTOVER}")
        with self._locked() as counter:
            used = int.from_bytes(os.pread(counter, _COUNTER_BYTES, 0), "little")
            if used + len(data) > self.max_bytes:
                used = self._evict(len(data))
            os.pwrite(counter, (used + len(data)).to_bytes(_COUNTER_BYTES, "little"), 0)
            # Written under the lock: if a writer dies here, the next eviction counts and removes its part.
            with part.open("xb") as file:
                file.write(data)
            part.rename(path)

    def _evict(self, wanted: int) -> int:
        """Remove the least recently used pieces until `wanted` bytes fit; return the bytes still in use."""
        pieces = sorted(self._pieces())
        used = sum(size for _, size, _ in pieces)
        for _, size, path in pieces:
            # The leftovers of killed writers are removed first of all: nobody can be writing them now.
            if used + wanted <= self.max_bytes * _ROOM and not path.endswith(_LEFTOVER):
                break
            with suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108 - scandir gave a text
            used -= size
        return used

    def _pieces(self) -> Iterator[tuple[float, int, str]]:
        """Yield the time of last use, the size and the path of every piece."""
        with suppress(FileNotFoundError), os.scandir(self.folder) as folders:
            for folder in folders:
                if folder.is_dir():
                    with os.scandir(folder) as files:
                        for file in files:
                            with suppress(FileNotFoundError):  # another process evicted it just now
                                status = file.stat()
                                last_use = 0.0 if file.name.endswith(_LEFTOVER) else status.st_mtime
                                yield last_use, status.st_size, file.path

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Lock the file that counts the bytes used; the kernel unlocks it if its holder dies."""
        # The folder may be shared: through a link in the counter's place, another file would be overwritten.
        descriptor = os.open(
            self.folder / "used", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _path(self, key: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / digest[:2] / digest[2:]


def _seal(key: str, data: bytes) -> bytes:
    digest = hashlib.blake2b(key.encode(), digest_size=_SEAL_BYTES)
    digest.update(data)
    return digest.digest()
