"""Describe this machine in words, so that machines which render alike can be told from others."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

_CPUINFO: Final = Path("/proc/cpuinfo")
_NVIDIA: Final = Path("/proc/driver/nvidia/gpus")
_RENDER_NODES: Final = Path("/dev/dri")


def cores_here() -> int:
    """Return the number of cores that this process may run on; a container's quota may be lower."""
    return len(os.sched_getaffinity(0))


def machine_kind() -> str:
    """Return a description of this machine, e.g. "16 cores of AMD EPYC 9R14, NVIDIA L4"."""
    return f"{cores_here()} cores of {_processor(_CPUINFO)}, {_graphics(_NVIDIA, _RENDER_NODES)}"


def _processor(cpuinfo: Path) -> str:
    return _named(cpuinfo, r"^(?:model name|Model)\s*:\s*(.+)$") or os.uname().machine


def _graphics(nvidia: Path, render_nodes: Path) -> str:
    cards = sorted(nvidia.glob("*/information"))
    models = [_named(about, r"^Model:\s*(.+)$") or "an NVIDIA card" for about in cards]
    if models:
        return " + ".join(models)
    number = len(list(render_nodes.glob("renderD*")))
    return f"{number} graphics devices" if number else "no graphics device"


def _named(file: Path, pattern: str) -> str | None:
    """Return the text that the pattern's group matches in a file, single-spaced; None without a match."""
    try:
        found = re.search(pattern, file.read_text(), re.MULTILINE)
    except OSError:
        return None
    return " ".join(found[1].split()) if found else None
