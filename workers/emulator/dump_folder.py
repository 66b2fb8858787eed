"""A folder in memory for the images that an emulator dumps: 60 files a second, each read once and deleted."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - its folders are private to us
NEEDED_BYTES: Final = 64 << 20
"""At most dump_watcher.MAX_WAITING_IMAGES wait here, of up to 1 MB. Also what a container has by default."""


@contextmanager
def dump_folder(scratch: Path) -> Iterator[Path]:
    """Make an empty folder on the machine's tmpfs, or under `scratch` if that is full; delete it after."""
    with tempfile.TemporaryDirectory(prefix="dolphin-farm-dump-", dir=memory_folder() or scratch) as folder:
        yield Path(folder)


def memory_folder() -> Path | None:
    """Return the tmpfs that is writable and has room, or None."""
    if not SHARED_MEMORY.is_dir() or not os.access(SHARED_MEMORY, os.W_OK):
        return None
    room = os.statvfs(SHARED_MEMORY)
    return SHARED_MEMORY if room.f_bavail * room.f_frsize >= NEEDED_BYTES else None
