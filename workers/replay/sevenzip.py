"""Read the members of a .7z, one after another, without unpacking it to disk.

A .7z packs many files into one compressed block, so a member can only be read by decompressing everything
before it in its block. py7zr delivers members through callbacks; a thread turns these into a stream.
"""

from __future__ import annotations

import queue
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, cast

import py7zr
from py7zr.helpers import get_sanitized_output_path
from py7zr.io import Py7zIO, WriterFactory

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MEMBERS_AHEAD: Final = 2
_LOOK_SECONDS: Final = 0.5  # between two checks whether the other side is still there
_JOIN_SECONDS: Final = 60.0
_MOST_IN_MEMORY: Final = 64 << 20  # of one member; larger members are kept on disk meanwhile


@dataclass(frozen=True, slots=True)
class SevenZipMember:
    """One file of a .7z.

    Attributes:
        name: The member's name in the archive.
        number: 1 for the first member with that name, 2 for the second, and so on.
        content: Its bytes, or as many of them as were wanted; None if it was not wanted.
    """

    name: str
    number: int
    content: IO[bytes] | None = None


class _Abandoned(Exception):  # noqa: N818 - not an error: nobody wants the rest
    """The consumer has stopped reading, so unpacking ends."""


def sevenzip_members(file: IO[bytes], most_bytes: Callable[[str], int]) -> Iterator[SevenZipMember]:
    """Yield the files of a .7z: first those that are not wanted, then the others with their content.

    Args:
        file: the archive, which must be seekable.
        most_bytes: returns how many bytes of a member with a given name are wanted; 0 if none.

    Raises:
        ReplayRefused: UNREADABLE: it is not a .7z, is damaged or encrypted, or makes impossible claims;
            raised after the members before the damage.
        OSError: the archive cannot be read.
    """
    try:
        with py7zr.SevenZipFile(file) as archive:
            keys = _keys(archive, most_bytes)
            yield from _unwanted(archive, most_bytes)
            if keys:
                yield from _wanted(archive, keys, most_bytes)
    except (ReplayRefused, GeneratorExit):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ReplayRefused(Reason.UNREADABLE, _trouble(error)) from error


def _trouble(error: BaseException) -> str:
    """Describe an error; py7zr's own messages contain members' names, which may be those of players."""
    if isinstance(error, py7zr.PasswordRequired):
        return "the .7z is encrypted; unpack it with its password first"
    if isinstance(error, py7zr.UnsupportedCompressionMethodError):
        return "the .7z is compressed in a way that is not read here; pack it anew"
    return "not a whole .7z: it is damaged, cut off, or holds a path that leads out of it"


def _files(archive: py7zr.SevenZipFile) -> Iterator[tuple[str, int]]:
    counts: dict[str, int] = {}
    for each in archive.files:
        if not each.is_directory:
            counts[each.filename] = counts.get(each.filename, 0) + 1
            yield each.filename, counts[each.filename]


def _unwanted(archive: py7zr.SevenZipFile, most_bytes: Callable[[str], int]) -> Iterator[SevenZipMember]:
    for name, number in _files(archive):
        if not most_bytes(name):
            yield SevenZipMember(name, number)


def _keys(archive: py7zr.SevenZipFile, most_bytes: Callable[[str], int]) -> dict[str, tuple[str, int]]:
    """Return the names under which py7zr will ask for a place to write to; it numbers duplicate names."""
    keys = {}
    for name, number in _files(archive):
        if most_bytes(name):
            asked = name if number == 1 else f"{name}_{number - 2}"
            keys[get_sanitized_output_path(asked, None).as_posix()] = (name, number)
    return keys


def _wanted(
    archive: py7zr.SevenZipFile, keys: dict[str, tuple[str, int]], most_bytes: Callable[[str], int]
) -> Iterator[SevenZipMember]:
    handover = _Handover()
    factory = _Factory(keys, most_bytes, handover.put)
    targets = {name for name, _ in keys.values()}

    def extract() -> None:
        with suppress(_Abandoned):
            try:
                archive.extract(targets=targets, factory=factory)
            except _Abandoned:
                raise
            except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
                handover.put(error)
            else:
                handover.put(None)

    thread = threading.Thread(target=extract, name="7z", daemon=True)
    thread.start()
    try:
        yield from handover.members()
    finally:
        handover.stop()
        thread.join(_JOIN_SECONDS)
        handover.close()
        factory.close()


class _Handover:
    """Passes members from the unpacking thread to the reading thread, a few at a time."""

    def __init__(self) -> None:
        self._ready: queue.Queue[SevenZipMember | BaseException | None] = queue.Queue(_MEMBERS_AHEAD)
        self._is_over = threading.Event()

    def put(self, item: SevenZipMember | BaseException | None) -> None:
        """Hand over a member, an error, or None at the end.

        Raises:
            _Abandoned: nobody reads any more.
        """
        while not self._is_over.is_set():
            with suppress(queue.Full):
                self._ready.put(item, timeout=_LOOK_SECONDS)
                return
        raise _Abandoned

    def members(self) -> Iterator[SevenZipMember]:
        """Yield the members that are handed over; the thread always puts an end."""
        while True:
            try:
                item = self._ready.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue  # a large member takes long
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """Make the unpacking thread end."""
        self._is_over.set()

    def close(self) -> None:
        """Close members that were handed over but are not wanted any more, once the thread has ended."""
        with suppress(queue.Empty):
            while True:
                item = self._ready.get_nowait()
                if isinstance(item, SevenZipMember) and item.content is not None:
                    item.content.close()


class _Factory(WriterFactory):
    """Gives py7zr the objects into which it writes members."""

    def __init__(
        self,
        keys: dict[str, tuple[str, int]],
        most_bytes: Callable[[str], int],
        put: Callable[[SevenZipMember], None],
    ) -> None:
        self._keys, self._most_bytes, self._put = keys, most_bytes, put
        self._newest: _Product | None = None

    def create(self, filename: str) -> Py7zIO:
        name, number = self._keys[filename]
        self._newest = _Product(name, number, self._most_bytes(name), self._put)
        return self._newest

    def close(self) -> None:
        """Close the object that was written to last, in case it was not handed over."""
        if self._newest is not None:
            self._newest.discard()


class _Product(Py7zIO):
    """One member while it is written; it keeps at most `most_bytes`, and is handed over when complete."""

    def __init__(
        self, name: str, number: int, most_bytes: int, put: Callable[[SevenZipMember], None]
    ) -> None:
        self._name, self._number, self._most_bytes, self._put = name, number, most_bytes, put
        spooled = tempfile.SpooledTemporaryFile(_MOST_IN_MEMORY)  # noqa: SIM115 - it is handed over
        self._file = cast("IO[bytes]", spooled)
        self._size = 0

    def write(self, s: bytes | bytearray) -> int:
        room = max(self._most_bytes - self._size, 0)
        self._file.write(s[:room])
        self._size += len(s)
        return len(s)

    def read(self, size: int | None = None) -> bytes:
        return self._file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def flush(self) -> None:
        """Do nothing: no bytes wait to be written."""

    def size(self) -> int:
        return self._size

    def discard(self) -> None:
        """Close the file; nobody wants the member."""
        self._file.close()

    def close(self) -> None:
        """Hand the member over; py7zr calls this once it is written."""
        self._file.seek(0)
        self._put(SevenZipMember(self._name, self._number, self._file))
