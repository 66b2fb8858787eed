"""The number of emulators that a machine can run side by side: by cores, memory and scratch space."""

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
    """What this process may use, limits of its container included."""

    cores: float
    memory_bytes: int
    scratch_bytes: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one slot needs while it renders: emulator, encoder and our own process together.

    A slot alone keeps 1.4 cores busy (the stand-in on a software renderer) and waits in between: 2 cores
    render 38 % more with 2 slots than with 1, and less again with 3. `farm bench slots` measures.

    Raises:
        ValueError: if one is not above zero.
    """

    cores: float = 1.0
    memory_bytes: int = 1 << 30
    scratch_bytes: int = 512 << 20

    def __post_init__(self) -> None:
        if min(self.cores, self.memory_bytes, self.scratch_bytes) <= 0:
            message = f"a footprint is above zero everywhere, got {self}"
            raise ValueError(message)


GPU_SLOT: Final = Footprint(cores=1.0, memory_bytes=1_100 << 20)
"""What a slot needs where a GPU draws: a core that emulates and encodes. No GPU was at hand, so this is an
estimate; `--cores` says otherwise."""
GPU_SLOT_BYTES: Final = 512 << 20
"""Memory of the card that an emulator needs at 480p; an estimate, too."""


def num_slots(machine: Machine, footprint: Footprint, measured: int | None = None) -> int:
    """Slots that fit, by whatever runs out first; at least 1, for a machine that is small is only slow.

    Args:
        machine: What the machine has.
        footprint: What one slot needs.
        measured: Number of slots with which the machine rendered most; None if nobody measured, then the
            cores decide.
    """
    fitting = (
        machine.cores / footprint.cores if measured is None else measured,
        machine.memory_bytes / footprint.memory_bytes,
        machine.scratch_bytes / footprint.scratch_bytes,
    )
    return max(1, int(min(fitting)))


def slots_here(scratch: Path | None = None, renderer: RendererChoice = "cpu") -> int:
    """Slots of this machine, by the default footprint and what was measured on it.

    Args:
        scratch: Where scratch folders will go; None for the default.
        renderer: Who is to draw; a GPU that draws leaves cores for more slots, as far as its memory goes.

    Raises:
        EnvironmentFailed: if what was measured cannot be read, or no GPU draws where one was asked for.
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
    """The folder, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _core_quota(cgroup: Path) -> float:
    """Cores that the container may keep busy; infinity without a limit. Control groups version 2."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return float("inf")
    return float("inf") if quota == "max" else int(quota) / int(period)


def _memory_limit(cgroup: Path) -> int:
    """Bytes that the container may use; as good as infinity without a limit. Version 2, then version 1."""
    # Without a limit version 2 says "max", and version 1 a number that no machine has.
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
