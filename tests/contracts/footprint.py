"""Lists this process' children, descriptors, threads and files, to see that a call leaves nothing behind."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from workers.emulator.slippi import RERECORDED

_LISTINGS = 100


@dataclass(frozen=True)
class Footprint:
    """Children, open descriptors (number and target), threads, and the files under one folder.

    Slippi's recording of its own playback is not counted: it is left for the job, which owns the folder.
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
    """Direct children, zombies included, of a process (default: this one).

    The kernel lists children by the thread that they belong to, and gives those of a thread that ends to
    another: a listing during which a thread vanished is made again, as it may have missed some. That happens
    because the kernel still knows a joined thread for a moment after Python is done with it.
    """
    tasks = Path(f"/proc/{process_id or os.getpid()}/task")
    for _ in range(_LISTINGS):
        try:
            lists = [(task / "children").read_text() for task in tasks.iterdir()]
        except (FileNotFoundError, ProcessLookupError):
            if not tasks.exists():
                raise
        else:
            return [int(child) for children in lists for child in children.split()]
    pytest.fail(f"a thread of {tasks} ended during each of {_LISTINGS} listings of its children")


def _descriptors() -> list[tuple[str, str]]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append((entry.name, str(entry.readlink())))
        except FileNotFoundError:
            continue  # the descriptor of the listing itself
    return found
