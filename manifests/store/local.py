"""The store on a local folder: an object is a file that gets its name only once it is whole and on disk.

Bytes are written to `ROOT/.tmp-<random>`, flushed to the disk, and then given their name: by `rename` where
they may replace an object, by `link` where they must not (link fails if the name exists, on every POSIX file
system and on NFS). A writer holds a lock on its temporary file as long as it lives. So a later writer can
tell which files a killed writer left behind, and removes them. Names that begin with a dot are never objects.

A link below the root that leads out of it is never followed. Otherwise the person who packed a dataset could
make this machine read any of its files, show it in `farm browse`, or write to it. The only such links that
are allowed are those of the hub's own cache, whose files are links from `snapshots/COMMIT/` to `blobs/`
beside it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from manifests.plain_file import open_plain
from manifests.store.contract import Data, ObjectInfo, ObjectMissing, StoreFailed, StoreFull
from manifests.store.keys import check_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO, BinaryIO

TEMPORARY_PREFIX: Final = ".tmp-"
_COPY_BYTES: Final = 1 << 20
_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ABSENT: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS})


class LocalStore:
    """A store on a local folder, which is made when the first object is put.

    Processes on one machine may share it; so may several machines if the file system has working locks and
    links.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._allowed: tuple[str, ...] = ()
        self._swept = False

    @property
    def url(self) -> str:
        """The folder's path."""
        return str(self._root)

    @property
    def is_remote(self) -> bool:
        """False: the operating system itself caches in memory what was read."""
        return False

    @property
    def has_conditional_writes(self) -> bool:
        """True: the file system decides which of several writers came first."""
        return True

    def put_if_absent(self, key: str, data: Data) -> bool:
        """Put an object unless there is one; as `Store.put_if_absent`."""
        target = self._path(key)
        if target.exists():  # avoids writing the bytes in vain; `link` below decides
            return False
        with self._translated(key), self._written(data) as temporary:
            self._make_folder(target.parent)
            try:
                # Unlike a check followed by a rename, this leaves no moment for another writer.
                os.link(temporary, target)
            except FileExistsError:
                return False
            temporary.unlink()
            _flush_folder(target.parent)
        return True

    def put(self, key: str, data: Data) -> None:
        """Put an object, and replace an existing one; as `Store.put`."""
        target = self._path(key)
        with self._translated(key), self._written(data) as temporary:
            self._make_folder(target.parent)
            temporary.replace(target)
            _flush_folder(target.parent)

    def get(self, key: str) -> bytes:
        """Read all bytes of an object; as `Store.get`."""
        with self._translated(key, is_read=True), _opened(self._path(key)) as file:
            return file.read()

    def get_range(self, key: str, start: int, exclusive_end: int) -> bytes:
        """Read exactly the bytes [start, exclusive_end); as `Store.get_range`."""
        if not 0 <= start <= exclusive_end:
            message = f"{key}: no such range [{start}, {exclusive_end})"
            raise ValueError(message)
        with self._translated(key, is_read=True), _opened(self._path(key)) as file:
            file.seek(start)
            data = file.read(exclusive_end - start)
        if len(data) != exclusive_end - start:
            message = f"{self._path(key)}: ends before byte {exclusive_end}; it was cut"
            raise StoreFailed(message)
        return data

    def head(self, key: str) -> ObjectInfo | None:
        """Return an object's size and time without reading it, or None; as `Store.head`."""
        path = self._path(key)
        try:
            with self._translated(key, is_read=True):
                status = path.stat()
        except ObjectMissing:
            return None
        return ObjectInfo(key, status.st_size, status.st_mtime) if path.is_file() else None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """List objects in the order of keys, as `Store.list`; it holds the names of one folder at a time."""
        folder, _, _ = prefix.rpartition("/")
        with self._translated(prefix or "."):
            below = self._path(folder) if folder else self._root
            yield from _walk(below, f"{folder}/" if folder else "", prefix)

    def delete(self, key: str) -> None:
        """Remove an object; as `Store.delete`."""
        with self._translated(key), suppress(FileNotFoundError, NotADirectoryError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        """Return the path of an object's file.

        Raises:
            StoreFailed: a link on the way leads out of the root.
        """
        path = self._root / check_key(key)
        real = os.path.realpath(path)
        if not real.startswith(self._allowed or self._allow()):
            message = (
                f"{path}: a link leads out of the dataset, to {real}, and is not followed; put the file or "
                "folder itself there"
            )
            raise StoreFailed(message)
        return path

    def _allow(self) -> tuple[str, ...]:
        """Return the real paths that links may lead to; the root itself may be reached by any links."""
        root = os.path.realpath(self._root)
        allowed = [f"{root}/".replace("//", "/")]
        above, _, folder = os.path.dirname(root).rpartition("/")  # noqa: PTH120 - compared as texts
        if folder == "snapshots":
            allowed.append(f"{above}/blobs/")
        if self._root.exists():
            self._allowed = tuple(allowed)
        return tuple(allowed)

    @contextmanager
    def _written(self, data: Data) -> Iterator[Path]:
        """Write `data` to a temporary file that is safely on the disk in the block, and removed after it."""
        self._make_folder(self._root)
        self._sweep()
        temporary, file = self._locked_temporary()
        try:
            with file:
                _copy(data, file)
                file.flush()
                os.fsync(file.fileno())
                yield temporary  # closing the file drops its lock, so it stays open until the name is given
        finally:
            temporary.unlink(missing_ok=True)

    def _locked_temporary(self) -> tuple[Path, BinaryIO]:
        while True:
            path = self._root / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"
            file = path.open("xb")
            # Between open and lock, another process may have removed it as a dead writer's; then it has no
            # name.
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(file.fileno()).st_nlink:
                    return path, file
            file.close()

    def _sweep(self) -> None:
        """Remove the temporary files of killed writers; once per store object, as it lists the folder."""
        if self._swept:
            return
        self._swept = True
        for path in self._root.glob(f"{TEMPORARY_PREFIX}*"):
            with suppress(OSError):  # removed meanwhile, a link, or not ours to open
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
                try:
                    # The kernel drops a dead process's locks, so a file that can be locked has no live
                    # writer.
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                finally:
                    os.close(descriptor)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        # One level at a time, because each new name must be flushed in the folder above it.
        if folder != folder.parent:
            self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush_folder(folder.parent)

    @contextmanager
    def _translated(self, key: str, *, is_read: bool = False) -> Iterator[None]:
        """Turn the operating system's errors into ours, whose text names the path and what to do."""
        where = self._root / key
        try:
            yield
        except OSError as error:
            if is_read and isinstance(error, _ABSENT):
                message = f"{where}: no such object"
                raise ObjectMissing(message) from error
            if error.errno in _NO_SPACE:
                message = f"{where}: {error.strerror}; free some space, or give another output, and run again"
                raise StoreFull(message) from error
            if error.errno in _NO_LINKS:
                message = (
                    f"{where}: {error.strerror}; give an output on a file system with hard links and locks"
                )
                raise StoreFailed(message) from error
            if self._root.is_file():
                message = f"{self._root} is a file, and a dataset is a folder; give another output"
                raise StoreFailed(message) from error
            message = f"{where}: {error.strerror or error}"
            raise StoreFailed(message) from error


def _opened(path: Path) -> IO[bytes]:
    try:
        return open_plain(path)
    except OSError as error:
        if error.errno == errno.EINVAL and path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path)) from error
        raise


def _walk(folder: Path, key_prefix: str, prefix: str) -> Iterator[ObjectInfo]:
    """Yield the files below `folder` in the order of their keys."""
    try:
        # A folder is sorted by its name with the slash: "a-b/c" comes before "a/1", as in S3's listings.
        with os.scandir(folder) as entries:
            names = sorted(
                # A folder that is a link is not entered: it may lead out of the root, or in a circle.
                entry.name + "/" * entry.is_dir(follow_symlinks=False)
                for entry in entries
                if not entry.name.startswith(".") and _may_match(key_prefix + entry.name, prefix)
            )
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        key = key_prefix + name
        if name.endswith("/"):
            yield from _walk(folder / name, key, prefix)
        elif key.startswith(prefix):
            with suppress(OSError):  # deleted since the names were read, or a link that leads in a circle
                status = (folder / name).stat()
                yield ObjectInfo(key, status.st_size, status.st_mtime)


def _may_match(key: str, prefix: str) -> bool:
    """Whether `key`, or the key of something below it, can start with `prefix`."""
    return key.startswith(prefix) or prefix.startswith(f"{key}/")


def _copy(data: Data, file: BinaryIO) -> None:
    if isinstance(data, bytes):
        file.write(data)
        return
    with data.open("rb") as source:
        shutil.copyfileobj(source, file, _COPY_BYTES)


def _flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk: a flushed file is lost in a power cut if its name was not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
