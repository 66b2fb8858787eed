"""Removes what the processes of a Ray of our own leave among the temporary files of this machine.

Ray's dashboard has a server of Python's that starts processes, whose socket lies in a folder `pymp-...`. Ray
ends the dashboard by force, so the folder stays.
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
    """Remove the folders of such servers of this user's that run no more, whoever began them.

    Args:
        base: where they lie; None for the folder of temporary files.

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
    """The paths of all sockets of this machine that a process has; None where nobody says."""
    try:
        lines = _UNIX_SOCKETS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    return frozenset(line.split(maxsplit=7)[7] for line in lines[1:] if len(line.split(maxsplit=7)) > 7)  # noqa: PLR2004


def _is_dead(folder: Path, bound: frozenset[str] | None) -> bool:
    """Whether this is such a folder of this user's, with a socket that nobody listens at any more."""
    try:
        found = folder.lstat()
        sockets = list(_sockets(folder))
    except (OSError, ValueError):
        return False
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_ours and bound is not None and bool(sockets) and bound.isdisjoint(sockets)


def _sockets(folder: Path) -> Iterator[str]:
    """Yield the path of every file; ValueError if one is no socket of such a server."""
    for path in folder.iterdir():
        if not path.name.startswith(_NAME) or not stat.S_ISSOCK(path.lstat().st_mode):
            raise ValueError(path)
        yield str(path)
