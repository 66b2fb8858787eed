"""Report changes to files in the order in which they happened. This module is the door to Linux' inotify.

One instance watches both the pictures' folder and the file that holds the emulator's output. The kernel
keeps their events in one queue, so it is known exactly which picture had begun when a line was printed, even
if the queue is read late.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

MODIFIED: Final = 0x00000002
WRITTEN: Final = 0x00000008  # a file opened for writing was closed: it is complete
CREATED: Final = 0x00000100
_OVERFLOW: Final = 0x00004000
_HEAD: Final = struct.Struct("iIII")  # watch, mask, cookie, bytes of the name
_BUFFER_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class FileEvent:
    """One event: `mask` (MODIFIED, WRITTEN or CREATED) happened to `name` in the folder of `watch`."""

    watch: int
    mask: int
    name: str


class Inotify:
    """A queue of file events. A context manager; not for use by two threads."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise _failure()
        self._poll = select.poll()
        self._poll.register(self.descriptor, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def watch(self, path: Path, mask: int) -> int:
        """Watch a folder or a file for the events in `mask`; return the number that its events will carry.

        Raises:
            EnvironmentFailed: the kernel refused.
        """
        watch: int = self._libc.inotify_add_watch(self.descriptor, os.fsencode(path), mask)
        if watch < 0:
            raise _failure(path)
        return watch

    def read(self, timeout_seconds: float) -> list[FileEvent]:
        """Return the events since the last call, waiting up to `timeout_seconds` if there are none.

        Raises:
            EnvironmentFailed: the kernel's queue overflowed, so the order is lost.
        """
        if not self._poll.poll(timeout_seconds * 1000):
            return []
        return _parse(os.read(self.descriptor, _BUFFER_BYTES))


def _parse(data: bytes) -> list[FileEvent]:
    events, at = [], 0
    while at < len(data):
        watch, mask, _, num_bytes = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if mask & _OVERFLOW:
            message = "inotify lost events: raise fs.inotify.max_queued_events (sysctl), 16384 is usual"
            raise EnvironmentFailed(message)
        events.append(FileEvent(watch, mask, os.fsdecode(data[at : at + num_bytes].rstrip(b"\0"))))
        at += num_bytes
    return events


def _failure(path: Path | None = None) -> EnvironmentFailed:
    code = ctypes.get_errno()
    hint = ""
    if code in (errno.EMFILE, errno.ENOSPC):
        hint = "; raise fs.inotify.max_user_instances and fs.inotify.max_user_watches (sysctl)"
    return EnvironmentFailed(f"inotify cannot watch {path or 'anything'}: {os.strerror(code)}{hint}")
