"""Scratch folders, which are removed when their block ends or, after a kill -9, by the next run's sweep.

A folder is locked (flock) by the process that owns it. The kernel drops the lock when the process dies in any
way, so a folder without a lock has no owner any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from manifests.private_folder import why_not_private
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "scratch-"
ROOM_BYTES = 256 << 20
"""How much of /dev/shm must be free to use it by default; playing a game needs well under half of that."""

# A sweeper can remove a new folder before its owner locks it; that seldom happens twice in a row.
_ATTEMPTS = 16


def default_base() -> Path:
    """Return the default base of scratch folders: in $TMPDIR if set, else /dev/shm if roomy, else /tmp.

    Each user has a folder, since two users must not depend on each other's permissions. Nothing is created.
    """
    told = os.environ.get("TMPDIR")
    if told:
        return own_folder_in(Path(told))
    memory = Path("/dev/shm")  # noqa: S108 - the tmpfs itself, not a file name in it
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= ROOM_BYTES:
        return own_folder_in(memory)
    return own_folder_in(Path(tempfile.gettempdir()))


def own_folder_in(place: Path) -> Path:
    """Return this user's folder in a shared place. Anybody can guess the name; see `make_base`."""
    return place / f"dolphin-farm-{os.getuid()}"


def require_parent(base: Path | None) -> None:
    """Check that the parent folder of `base` exists; that of the default always does.

    Raises:
        EnvironmentFailed: it does not exist, which mostly comes from a mistyped path.
    """
    if base is not None and not (above := base.absolute().parent).exists():
        message = f"no scratch folder under {base}: {above} is not there; make it, or give another"
        raise EnvironmentFailed(message)


def make_base(base: Path | None) -> Path:
    """Make the folder that scratch folders lie in, if it does not exist; return its path.

    Args:
        base: the folder, whose parent must exist; None for the machine's default.

    Raises:
        EnvironmentFailed: it cannot be made (no room, no permission); it has the name of this user's folder,
            but is a link, belongs to somebody else, or others can write into it; or for the reasons of
            `require_parent`.
    """
    require_parent(base)
    base = default_base() if base is None else base
    if _is_guessable(base) and (why_not := why_not_private(base)) is not None:
        message = (
            f"no scratch folder under {base}: {why_not}; remove it, or set TMPDIR to a folder of this user's"
        )
        raise EnvironmentFailed(message)
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _no_scratch(base, error) from error
    return base


@contextmanager
def scratch(base: Path | None = None) -> Iterator[Path]:
    """Make a new empty folder under `base`, which is made if needed; remove it when the block ends.

    Raises:
        EnvironmentFailed: for the reasons of `make_base`.
    """
    base = make_base(base)
    try:
        folder, lock = _make_locked(base)
    except OSError as error:
        raise _no_scratch(base, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(base: Path | None = None) -> tuple[Path, ...]:
    """Remove the scratch folders under `base` whose owners are dead, without waiting; return their paths.

    If `base` cannot be trusted, nothing is removed: `make_base` refuses it.
    """
    base = default_base() if base is None else base
    removed: list[Path] = []
    if not base.is_dir() or (_is_guessable(base) and why_not_private(base) is not None):
        return ()
    for folder in sorted(base.glob(f"{PREFIX}*")):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # removed in the meantime, or not a folder of ours
        try:
            if os.fstat(lock).st_uid != os.geteuid():
                continue  # somebody else's folder with the same name
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # its owner is alive
        else:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        finally:
            os.close(lock)
    return tuple(removed)


def _is_guessable(base: Path) -> bool:
    return base.name == own_folder_in(base).name


def _no_scratch(base: Path, error: OSError) -> EnvironmentFailed:
    message = f"no scratch folder under {base}: {error.strerror or error}; free some room or set TMPDIR"
    return EnvironmentFailed(message)


def _make_locked(base: Path) -> tuple[Path, int]:
    """Return a new folder and the descriptor of its lock; try again if a sweeper removes it in between."""
    for _ in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_nlink > 0:  # otherwise it was removed before it was locked
                    return folder, lock
            os.close(lock)
    message = f"another process keeps removing new folders under {base}"
    raise OSError(message)
