"""What the folder needs in which the processes of one machine share files: one user alone, and locks."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from manifests.private_folder import why_not_private
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOOK_SECONDS: Final = 0.2
"""Time between two tries for a lock; needed because the kernel's locks have no time limit."""


def private_folder(folder: Path) -> Path:
    """Make a folder that only this user can look into, or check that an existing folder is one.

    Raises:
        EnvironmentFailed: the folder cannot be made, is a link, or others can change it.
    """
    why_not = why_not_private(folder)
    if why_not is not None:
        message = (
            f"{folder} cannot keep files for this user alone: {why_not}; set XDG_CACHE_HOME to one of yours"
        )
        raise EnvironmentFailed(message)
    return folder


def is_own_file(path: Path) -> bool:
    """Return whether the path is a plain file of this user, and not a link."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()


@contextmanager
def locked(path: Path, deadline: float, what: str) -> Iterator[None]:
    """Hold a lock that all processes of this machine share; the kernel drops it if its holder dies.

    Args:
        path: path of the lock's file, in a private folder.
        deadline: monotonic time at which to give up.
        what: the work of the holder, for the error.

    Raises:
        EnvironmentFailed: another process held the lock until the deadline, or the file cannot be made.
    """
    clock = threading.Event()  # never set
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"{path.parent} cannot be written: {error.strerror}; free some room, or set XDG_CACHE_HOME"
        raise EnvironmentFailed(message) from error
    try:
        while not _is_taken(descriptor):
            if time.monotonic() >= deadline:
                message = f"another process of this machine was not done in time with {what}; run again"
                raise EnvironmentFailed(message)
            clock.wait(_LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
