"""Start an Xvfb as a display for one emulator: it finds a free display number and ends with the emulator."""

from __future__ import annotations

import os
import select
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from workers.emulator.child import Child
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM: Final = "Xvfb"
REMEDY: Final = "run: apt-get install xvfb"
_START_SECONDS: Final = 20.0
_BYTES: Final = 64


@contextmanager
def xvfb(width: int, height: int, folder: Path) -> Iterator[str]:
    """Start a display with one screen of this size; yield its name, e.g. ":3".

    Xvfb itself picks the number and reports it through a pipe, so two that start at once cannot collide.

    Raises:
        EnvironmentFailed: Xvfb is not installed, or gave no number in time.
    """
    if shutil.which(PROGRAM) is None:
        message = f"{PROGRAM} is not installed; {REMEDY}"
        raise EnvironmentFailed(message)
    read_end, write_end = os.pipe()
    try:
        # -noreset: by default Xvfb resets when its last client disconnects, for example between two probes.
        command = [PROGRAM, "-displayfd", str(write_end), "-screen", "0", f"{width}x{height}x24"]
        command += ["-nolisten", "tcp", "-noreset"]
        log = folder / "xvfb.log"
        with Child(
            command, folder=folder, environment=os.environ, stdout=log, stderr=log, pass_fds=[write_end]
        ) as server:
            os.close(write_end)
            write_end = -1
            yield f":{_display_number(read_end, server)}"
    finally:
        os.close(read_end)
        if write_end >= 0:
            os.close(write_end)


def _display_number(read_end: int, server: Child) -> int:
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    digits = b""
    while not digits.endswith(b"\n"):
        if not poll.poll(_START_SECONDS * 1000):
            message = (
                f"Xvfb named no display within {_START_SECONDS:g} s; it said: {server.said() or 'nothing'}"
            )
            raise EnvironmentFailed(message)
        data = os.read(read_end, _BYTES)
        if not data:
            message = f"Xvfb ended at once; it said: {server.said() or 'nothing'}; {REMEDY}"
            raise EnvironmentFailed(message)
        digits += data
    return int(digits)
