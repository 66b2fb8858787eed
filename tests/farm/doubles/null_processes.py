"""Which processes of a null run are alive, and a wait with a deadline: what tests of killing ask for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def sleeping(seconds: str) -> set[int]:
    """The living children of null renderers that sleep so long: one time tells one test's from another's."""
    wanted = ["sleep", seconds, ""]
    return {pid for pid, line in command_lines().items() if line == wanted}


def command_lines() -> dict[int, list[str]]:
    """Of every process of this machine that is not a zombie."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if line != [""]:
            found[int(folder.name)] = line
    return found


def wait_for(claim: Callable[[], object], seconds: float = 120.0) -> None:
    """Return once the claim holds; fails the test if it does not within the deadline."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
