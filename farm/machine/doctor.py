"""Checks, before any game is rendered, what this machine has and lacks, and says how to get it.

checks -> Finding ...   (a check that fails says so in its finding; it never raises)
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from workers.emulator.dump_folder import NEEDED_BYTES, SHARED_MEMORY
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Outcome: TypeAlias = Literal["ok", "warning", "failed"]

GIB: Final = 1 << 30
MIN_SCRATCH_BYTES: Final = 2 * GIB
OLDEST_PYTHON: Final = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table of checks.

    Attributes:
        name: what was checked, in a word or two.
        outcome: `failed` means that nothing can be rendered; `warning` that games can be rendered, but the
            finding is worth a look.
        detail: what was found.
        remedy: what to do about it; "" exactly if the outcome is ok.

    Raises:
        ValueError: an ok finding has a remedy, or another has none.
    """

    name: str
    outcome: Outcome
    detail: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if (self.outcome == "ok") != (not self.remedy):
            message = f"{self.name}: a finding has a remedy exactly if it is not ok, got {self!r}"
            raise ValueError(message)


Check: TypeAlias = "Callable[[], Finding]"


def examine(checks: Sequence[Check]) -> tuple[Finding, ...]:
    """Run every check, in order, and return the findings."""
    return tuple(check() for check in checks)


def is_ready(findings: Sequence[Finding]) -> bool:
    """Return True if no check failed."""
    return all(finding.outcome != "failed" for finding in findings)


def failed(name: str, error: EnvironmentFailed, remedy: str) -> Finding:
    """Return the finding for an error; a remedy at the end of the error's text is left out."""
    return Finding(name, "failed", str(error).split("; ")[0], remedy)


def attempt(name: str, look: Callable[[], str], remedy: str) -> Finding:
    """Return an ok finding with the text of `look`, or a failed one with the error that it raises."""
    try:
        return Finding(name, "ok", look())
    except EnvironmentFailed as error:
        return failed(name, error, remedy)


def python() -> Finding:
    """Check that this Python is new enough."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info >= OLDEST_PYTHON:
        return Finding("Python", "ok", version)
    return Finding("Python", "failed", version, "install Python 3.11 or newer, then: make clean demo")


def processors(num_workers: int) -> Finding:
    """Check that there is a processor core for each worker."""
    cores = len(os.sched_getaffinity(0))
    detail = f"{cores} cores for {num_workers} workers"
    if cores >= num_workers:
        return Finding("cores", "ok", detail)
    return Finding("cores", "warning", detail, f"use --slots {cores}: a worker keeps a core busy")


def memory(num_workers: int, bytes_per_worker: int) -> Finding:
    """Check that there is memory for all workers; `bytes_per_worker` covers all processes of one worker."""
    available = _available_memory()
    needed = num_workers * bytes_per_worker
    detail = (
        f"{available / GIB:.1f} GiB available, {needed / GIB:.1f} GiB for {num_workers} workers "
        f"of {bytes_per_worker / GIB:.1f} GiB"
    )
    if available >= needed:
        return Finding("memory", "ok", detail)
    fitting = max(1, available // bytes_per_worker)
    return Finding("memory", "failed", detail, f"use --slots {fitting}, or a machine with more memory")


def disk(folder: Path) -> Finding:
    """Check that temporary files can be written into the folder, and that there is room for them."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Finding("scratch", "failed", f"{folder} cannot be written", "give a folder with --scratch DIR")
    free = shutil.disk_usage(folder).free
    detail = f"{free / GIB:.1f} GiB free in {folder}"
    if free >= MIN_SCRATCH_BYTES:
        return Finding("scratch", "ok", detail)
    return Finding("scratch", "failed", detail, "free some, or give another folder with --scratch DIR")


def shared_memory(num_workers: int) -> Finding:
    """Check that the tmpfs has room for the images that wait to be read."""
    needed = num_workers * NEEDED_BYTES
    remedy = (
        f"docker run --shm-size={-(-needed // (1 << 20))}m, or in Kubernetes an emptyDir of medium Memory"
    )
    if not SHARED_MEMORY.is_dir():
        detail = f"no {SHARED_MEMORY}: dumped images go to the scratch disk"
        return Finding("tmpfs", "warning", detail, remedy)
    room = os.statvfs(SHARED_MEMORY)
    free = room.f_bavail * room.f_frsize
    detail = f"{free >> 20} MiB free in {SHARED_MEMORY}, {needed >> 20} MiB for {num_workers} workers"
    return Finding("tmpfs", "ok", detail) if free >= needed else Finding("tmpfs", "warning", detail, remedy)


def loopback() -> Finding:
    """Check that a port of the loopback interface can be opened."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return Finding("loopback port", "ok", f"127.0.0.1 opens, e.g. port {server.getsockname()[1]}")
    except OSError as error:
        return Finding(
            "loopback port",
            "failed",
            f"127.0.0.1: {error.strerror}",
            "bring the loopback interface up: ip link set lo up",
        )


def _available_memory() -> int:
    """Return the bytes of memory available, by the kernel or the container's limit, whichever is less."""
    fields = dict(
        line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    )
    available = int(fields["MemAvailable"].split()[0]) * 1024
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and used.exists():
        text = limit.read_text(encoding="ascii").strip()
        if text != "max":
            available = min(available, int(text) - int(used.read_text(encoding="ascii")))
    return available
