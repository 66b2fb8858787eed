"""Make a folder in memory for the images that an emulator dumps: 60 files a second, each soon deleted."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workers.scratch import own_folder_in, scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - its folders are private to us
NEEDED_BYTES: Final = 64 << 20
"""The room that the folder needs: dump_watcher.MAX_WAITING_IMAGES of up to 1 MB. Containers have so much."""


@contextmanager
def dump_folder(play_folder: Path) -> Iterator[Path]:
    """Make an empty folder for one play, in memory if there is room, and delete it afterwards.

    The folder lies in `play_folder` if that is in memory itself, or if there is no room in memory. If this
    process is killed, the next run removes a folder that was made elsewhere in memory.
    """
    if is_in_memory(play_folder) or memory_folder() is None:
        with tempfile.TemporaryDirectory(prefix="dump-", dir=play_folder) as folder:
            yield Path(folder)
    else:
        with scratch(own_folder_in(SHARED_MEMORY)) as apart:
            yield apart


def is_in_memory(folder: Path) -> bool:
    """Return whether a folder lies on the machine's tmpfs."""
    return SHARED_MEMORY.is_dir() and folder.stat().st_dev == SHARED_MEMORY.stat().st_dev


def memory_folder() -> Path | None:
    """Return the machine's tmpfs if it is writable and has room, otherwise None."""
    if not SHARED_MEMORY.is_dir() or not os.access(SHARED_MEMORY, os.W_OK):
        return None
    room = os.statvfs(SHARED_MEMORY)
    return SHARED_MEMORY if room.f_bavail * room.f_frsize >= NEEDED_BYTES else None
