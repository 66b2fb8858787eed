"""What this process holds of the machine, to compare before and after something that must leave nothing."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from workers.emulator.slippi import RERECORDED


@dataclass(frozen=True)
class Footprint:
    """Children, open descriptors (number and target), threads, and the files under one folder.

    What Slippi recorded of its own playback is not among them: it is left for the job, which owns the folder.
    """

    children: frozenset[int]
    descriptors: frozenset[tuple[str, str]]
    threads: frozenset[str]
    files: frozenset[Path]


def footprint(folder: Path) -> Footprint:
    return Footprint(
        children=frozenset(child_processes()),
        descriptors=frozenset(_descriptors()),
        threads=frozenset(f"{thread.name} {thread.ident}" for thread in threading.enumerate()),
        files=frozenset(path for path in folder.rglob("*") if path.name != RERECORDED),
    )


def child_processes(process_id: int | None = None) -> list[int]:
    """Direct children, zombies included, of a process (default: this one)."""
    tasks = Path(f"/proc/{process_id or os.getpid()}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def _descriptors() -> list[tuple[str, str]]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append((entry.name, str(entry.readlink())))
        except FileNotFoundError:
            continue  # the listing's own descriptor
    return found
