"""Open regular files, and refuse FIFOs, sockets and devices: reading from a FIFO could wait for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import BufferedReader

_SPECIAL = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def what_it_is(mode: int) -> str | None:
    """Name the kind of file that a mode (as `os.stat` gives it) stands for; None if it is a plain file."""
    return None if stat.S_ISREG(mode) else _SPECIAL.get(stat.S_IFMT(mode), "no plain file")


def open_plain(path: Path | str) -> BufferedReader:
    """Open a plain file for reading, following links.

    Raises:
        OSError: the file does not exist, may not be read, or is not a plain file.
    """
    # The mode is checked before opening, because merely opening a device may already do something.
    _refuse_special(Path(path).stat().st_mode, path)
    # O_NONBLOCK, in case the file has been replaced by a FIFO since; the flag does nothing to a plain file.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _refuse_special(os.fstat(descriptor).st_mode, path)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _refuse_special(mode: int, path: Path | str) -> None:
    special = what_it_is(mode)
    if special is not None:
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(number, f"it is {special}, not a file", str(path))
