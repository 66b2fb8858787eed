"""Watches what a process and everything that it started take of memory and scratch space, from outside."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

_INTERVAL_SECONDS: Final = 0.5
_PROC: Final = Path("/proc")
_OUTPUT: Final = "dataset"  # what a worker leaves is its output, and no scratch


class FootprintWatch:
    """While entered, looks twice a second; memory that processes share counts once.

    Args:
        pid: of the process.
        folder: where its throw-away files go; a dataset in it does not count.
    """

    def __init__(self, pid: int, folder: Path) -> None:
        self._pid, self._folder = pid, folder
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.memory_bytes = 0
        """The most that all processes together had at any look."""
        self.scratch_bytes = 0
        """The most that lay in the folder at any look."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            memory = sum(memory_of(pid) for pid in family_of(self._pid))
            self.memory_bytes = max(self.memory_bytes, memory)
            self.scratch_bytes = max(self.scratch_bytes, scratch_in(self._folder))
            if self._is_over.wait(_INTERVAL_SECONDS):
                return


def family_of(pid: int) -> list[int]:
    """Return a process and all that it started, as far as they are alive."""
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        threads = _PROC / str(found[-1]) / "task"
        for thread in _names(threads):
            left += [int(child) for child in _text(threads / thread / "children").split()]
    return found


def memory_of(pid: int) -> int:
    """Return a process's proportional share of memory, in bytes; 0 if it has ended."""
    lines = _text(_PROC / str(pid) / "smaps_rollup").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def scratch_in(folder: Path) -> int:
    """Return the bytes on disk of all files in a folder, but for a dataset's."""
    total = 0
    # os.walk passes over folders that are removed while it looks; before Python 3.13 pathlib's rglob raises.
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != _OUTPUT]
        total += sum(_allocated_bytes(Path(above) / name) for name in folders + names if name != _OUTPUT)
    return total


def _allocated_bytes(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:  # it was removed meanwhile
        return 0


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - only names are wanted
    except OSError:  # the process has ended
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process has ended
        return ""
