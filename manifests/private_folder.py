"""Make or check a folder that only this user can change, in a place such as /tmp where others can write.

Names such as /tmp/dolphin-farm-1000 can be guessed. Whoever makes such a folder first, or puts a link there,
decides what is deleted and overwritten through it. So the folder is opened without following a link, and the
opened folder itself is checked. Nobody can exchange it between the two steps, nor later if the folder above
it is sound.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FOR_THE_OWNER = 0o700


def why_not_private(folder: Path) -> str | None:
    """Make a folder for this user alone, or check an existing one; return None if it can be trusted.

    If others can look into an existing folder of this user's, but not change it, it is closed to them.

    Returns:
        None, or a few words that say why the folder must not be trusted.
    """
    try:
        folder.parent.mkdir(mode=_FOR_THE_OWNER, parents=True, exist_ok=True)
        folder.mkdir(mode=_FOR_THE_OWNER, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except NotADirectoryError:
        return "it is a link, or no folder"
    except OSError as error:
        is_link = folder.is_symlink()
        return "it is a link, or no folder" if is_link or folder.is_file() else error.strerror or str(error)
    try:
        why_not = _why_not(os.fstat(descriptor), folder.parent.stat())
        if why_not is None and stat.S_IMODE(os.fstat(descriptor).st_mode) != _FOR_THE_OWNER:
            os.fchmod(descriptor, _FOR_THE_OWNER)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        os.close(descriptor)
    return why_not


def _why_not(found: os.stat_result, above: os.stat_result) -> str | None:
    if found.st_uid != os.geteuid():
        return f"it belongs to user {found.st_uid}"
    if found.st_mode & _OTHERS_WRITE:
        return f"others may write into it (mode {stat.S_IMODE(found.st_mode):o})"
    if above.st_uid not in (os.geteuid(), 0):
        return f"the folder that holds it belongs to user {above.st_uid}"
    if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
        return "anybody can write the folder that holds it"
    return None
