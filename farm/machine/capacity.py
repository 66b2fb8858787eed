"""Calculates how many emulators a machine can run side by side: by cores, memory and scratch space."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from farm.machine.gpu import cards_here, within_gpu_memory
from farm.machine.slot_calibration import saved_calibration
from workers.emulator.drawing_here import drawing_here
from workers.scratch import default_base

if TYPE_CHECKING:
    from workers.emulator.drawing import RendererChoice

_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """The cores, memory and scratch space that this process may use, within its container's limits."""

    cores: float
    memory_bytes: int
    scratch_bytes: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """The resources that one slot needs while it renders: emulator, encoder and our own process together.

    A slot alone keeps 1.4 cores busy (the stand-in on a software renderer) and waits in between: 2 cores
    render 38 % more with 2 slots than with 1, and less again with 3. `farm bench slots` measures this.

    Raises:
        ValueError: if a resource is not above zero.
    """

    cores: float = 1.0
    memory_bytes: int = 1 << 30
    scratch_bytes: int = 512 << 20

    def __post_init__(self) -> None:
        if min(self.cores, self.memory_bytes, self.scratch_bytes) <= 0:
            message = f"a footprint is above zero everywhere, got {self}"
            raise ValueError(message)


GPU_SLOT: Final = Footprint(cores=1.0, memory_bytes=1_100 << 20)
"""Resources of a slot if a GPU draws: a core that emulates and encodes. No GPU was available, so this is an
estimate; `--cores` overrides it.
"""
GPU_SLOT_BYTES: Final = 512 << 20
"""Memory of the card that an emulator needs at 480p; also an estimate."""


def num_slots(machine: Machine, footprint: Footprint, measured: int | None = None) -> int:
    """Return how many slots fit, by the resource that runs out first; at least 1, which may be slow.

    Args:
        machine: What the machine has.
        footprint: What one slot needs.
        measured: Number of slots with which the machine rendered most; None if that was not measured, and
            then the cores decide.
    """
    fitting = (
        machine.cores / footprint.cores if measured is None else measured,
        machine.memory_bytes / footprint.memory_bytes,
        machine.scratch_bytes / footprint.scratch_bytes,
    )
    return max(1, int(min(fitting)))


def slots_here(scratch: Path | None = None, renderer: RendererChoice = "cpu") -> int:
    """Return the number of slots of this machine, by the default footprint and what was measured on it.

    Args:
        scratch: Where scratch folders will go; None for the default.
        renderer: What will draw; a GPU leaves cores for more slots, as far as its memory allows.

    Raises:
        EnvironmentFailed: if the saved measurement cannot be read, or a GPU was asked for and none draws.
    """
    machine = this_machine(scratch)
    if drawing_here(renderer).is_gpu:
        return within_gpu_memory(num_slots(machine, GPU_SLOT), cards_here(), GPU_SLOT_BYTES)
    saved = saved_calibration(machine.cores)
    return num_slots(machine, Footprint(), saved.slots if saved else None)


def this_machine(scratch: Path | None = None) -> Machine:
    """Measure this machine, or the container that this process is in.

    Args:
        scratch: Where scratch folders will go; None for the default.
    """
    return Machine(
        cores=min(float(len(os.sched_getaffinity(0))), _core_quota(_CGROUP)),
        memory_bytes=min(_memory_available(_MEMINFO), _memory_limit(_CGROUP)),
        scratch_bytes=shutil.disk_usage(_existing(scratch or default_base())).free,
    )


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest folder above it that exists."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _core_quota(cgroup: Path) -> float:
    """Return the cores that the container may use (control groups version 2); infinity without a limit."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return float("inf")
    return float("inf") if quota == "max" else int(quota) / int(period)


def _memory_limit(cgroup: Path) -> int:
    """Return the bytes that the container may use, by version 2, then version 1; huge without a limit."""
    # Without a limit, version 2 says "max", and version 1 a number that no machine has.
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            text = (cgroup / name).read_text().strip()
        except OSError:
            continue
        if text != "max":
            return int(text)
    return 1 << 62


def _memory_available(meminfo: Path) -> int:
    for line in meminfo.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 1 << 62
