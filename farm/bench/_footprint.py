"""Watches, from outside, the memory and scratch space of a process and of everything that it started."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

_INTERVAL_SECONDS: Final = 0.5
_PROC: Final = Path("/proc")
_OUTPUT: Final = "dataset"  # a worker's output, which is not scratch


class FootprintWatch:
    """Measures a process's memory and scratch twice a second while entered; shared memory counts once.

    Args:
        pid: id of the process.
        folder: the folder of its temporary files; a dataset in it does not count.
    """

    def __init__(self, pid: int, folder: Path) -> None:
        self._pid, self._folder = pid, folder
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.memory_bytes = 0
        """Most bytes of memory of all processes together at any measurement."""
        self.scratch_bytes = 0
        """Most bytes in the folder at any measurement."""

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
    """Return a process and all processes that it started, if they are alive."""
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
    """Return the bytes on disk of all files in a folder, without those of a dataset."""
    total = 0
    # os.walk tolerates folders that are removed while it runs; before Python 3.13 pathlib's rglob raises.
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != _OUTPUT]
        total += sum(_allocated_bytes(Path(above) / name) for name in folders + names if name != _OUTPUT)
    return total


def _allocated_bytes(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:  # the file was removed in the meantime
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
