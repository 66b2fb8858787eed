"""One slot's scratch folder: gone when the slot ends, and swept by the next one when the slot could not.

A slot that is killed with -9 cleans nothing up, and scratch is memory where it lies on a tmpfs. So every
folder holds a lock that the kernel lets go when its owner dies, and every new slot first removes what nobody
holds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "dolphin-farm-slot-"
_LOCK = "owner.lock"
_MEMORY_BYTES = (
    1 << 30
)  # less free than this (a container's default is 64 MB) and the disk is the safer place


def default_base() -> Path:
    """Memory (`/dev/shm`) if it can be written to and has room, else the system's temporary folder."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder made by mkdtemp in it, readable by its owner only
    if os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free >= _MEMORY_BYTES:
        return memory
    return Path(tempfile.gettempdir())


@contextmanager
def slot_scratch(base: Path | None) -> Iterator[Path]:
    """A new folder under `base`, ours until the context is left; first sweeps `base`.

    Raises:
        EnvironmentFailed: if `base` cannot be written to.
    """
    base = base or default_base()
    try:
        base.mkdir(parents=True, exist_ok=True)
        sweep(base)
        unlocked = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=base))
        lock = (unlocked / _LOCK).open("w")
    except OSError as problem:
        message = f"cannot make a scratch folder in {base}: {problem.strerror}; name another with --scratch"
        raise EnvironmentFailed(message) from problem
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Sweepers look for the name without the dot: they never see a folder that is not locked yet.
        folder = unlocked.rename(base / unlocked.name.removeprefix("."))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(base: Path) -> int:
    """Remove the scratch folders in `base` whose owner is dead; returns how many."""
    removed = 0
    for folder in base.glob(f"{PREFIX}*"):
        try:
            with (folder / _LOCK).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            pass  # it is locked before it gets this name, so someone began to remove it
        except OSError:
            continue  # held by a living slot, or another user's
        shutil.rmtree(folder, ignore_errors=True)
        removed += 1
    return removed
