"""Finds the living processes of a null run, and waits with a deadline, for tests that kill processes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def sleeping(seconds: str) -> set[int]:
    """The living children of null renderers that sleep this long; each test uses a time of its own."""
    wanted = ["sleep", seconds, ""]
    return {pid for pid, line in command_lines().items() if line == wanted}


def command_lines() -> dict[int, list[str]]:
    """The command lines of every process of this machine that is not a zombie."""
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
    """Return once the claim is true; fail the test if it is not true within the deadline."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
