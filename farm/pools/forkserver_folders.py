"""Removes folders that a Ray of our own leaves among the temporary files of this machine.

Ray's dashboard uses a Python server that starts processes, whose socket lies in a folder `pymp-...`. Ray ends
the dashboard by force, so the folder stays.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNIX_SOCKETS: Final = Path("/proc/net/unix")
_PATTERN: Final = "pymp-*"
_NAME: Final = "listener-"


def remove_dead_folders(base: Path | None = None) -> int:
    """Remove this user's folders of Python process servers that no longer run, whoever began them.

    Args:
        base: where the folders are; None for the folder of temporary files.

    Returns:
        How many were removed.
    """
    bound = _bound()
    dead = [
        folder for folder in (base or Path(tempfile.gettempdir())).glob(_PATTERN) if _is_dead(folder, bound)
    ]
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)
    return len(dead)


def _bound() -> frozenset[str] | None:
    """Return the paths of all sockets of this machine that a process has open; None if that is unknown."""
    try:
        lines = _UNIX_SOCKETS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    return frozenset(line.split(maxsplit=7)[7] for line in lines[1:] if len(line.split(maxsplit=7)) > 7)  # noqa: PLR2004


def _is_dead(folder: Path, bound: frozenset[str] | None) -> bool:
    """Return whether a folder is of such a server of this user's, and nobody listens at its socket."""
    try:
        found = folder.lstat()
        sockets = list(_sockets(folder))
    except (OSError, ValueError):
        return False
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_ours and bound is not None and bool(sockets) and bound.isdisjoint(sockets)


def _sockets(folder: Path) -> Iterator[str]:
    """Yield the path of every file in a folder; raise ValueError if one is no socket of such a server."""
    for path in folder.iterdir():
        if not path.name.startswith(_NAME) or not stat.S_ISSOCK(path.lstat().st_mode):
            raise ValueError(path)
        yield str(path)
