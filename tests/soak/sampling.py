"""Measures from outside what a run uses: memory, descriptors, threads, files."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from farm.bench._footprint import family_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOT: Final = "farm.pools.slot_process"
_PROC: Final = Path("/proc")
_KIB: Final = 1024


def sample(root: int, scratch: Path, temporary: Path, log: Path) -> dict[str, float]:
    """Sample all quantities, by name; a process that ends meanwhile counts as far as it was read."""
    found: dict[str, float] = defaultdict(float)
    for role in ("driver", "slots", "below"):
        for quantity in ("RSS MiB", "PSS MiB", "descriptors", "threads"):
            found[f"{role} {quantity}"] = 0.0
    for pid, role in _roles(root):
        for quantity, value in _held(pid):
            found[f"{role} {quantity}"] += value
        found["processes"] += 1
    for name, folder in (("tmpfs", scratch), ("temporary", temporary)):
        found[f"{name} files"], found[f"{name} MiB"] = _files(folder)
    found["log KiB"] = log.stat().st_size / _KIB if log.exists() else 0.0
    return dict(found)


def _roles(root: int) -> Iterator[tuple[int, str]]:
    """Yield the driver, its slots, and all that runs below those or beside them."""
    for pid in family_of(root):
        try:
            command = (_PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")
        except OSError:
            continue
        yield pid, "driver" if pid == root else "slots" if SLOT in command else "below"


def _held(pid: int) -> Iterator[tuple[str, float]]:
    folder = _PROC / str(pid)
    try:
        # smaps_rollup: the sums over smaps, which the kernel makes.
        rollup = (folder / "smaps_rollup").read_text()
        threads = re.search(r"^Threads:\s+(\d+)", (folder / "status").read_text(), re.MULTILINE)
        descriptors = len(os.listdir(folder / "fd"))  # noqa: PTH208 - many, and only counted
    except OSError:
        return
    for name in ("Rss", "Pss"):
        size = re.search(rf"^{name}:\s+(\d+) kB", rollup, re.MULTILINE)
        yield f"{name.upper()} MiB", int(size[1]) / _KIB if size else 0.0
    yield "descriptors", descriptors
    yield "threads", int(threads[1]) if threads else 0


def _files(folder: Path) -> tuple[float, float]:
    number, size = 0, 0
    for above, folders, names in os.walk(folder):
        number += len(folders) + len(names)
        for name in names:
            try:
                size += os.lstat(os.path.join(above, name)).st_blocks * 512  # noqa: PTH118 - thousands of times
            except OSError:
                continue
    return number, size / _KIB / _KIB
