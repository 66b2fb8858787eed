"""The memory of a machine's NVIDIA cards, and how many emulators fit into it."""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

from workers.errors import EnvironmentFailed

PROGRAM: Final = "nvidia-smi"
_QUESTION: Final = ("--query-gpu=memory.free", "--format=csv,noheader,nounits")
_SECONDS: Final = 30
_MIB: Final = 1 << 20


def free_memory(answer: str) -> tuple[int, ...]:
    """Read what nvidia-smi says of each card's free memory, a line in MiB each; return it in bytes.

    Raises:
        EnvironmentFailed: a line is no number, as where the driver is broken.
    """
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    try:
        return tuple(int(line) * _MIB for line in lines)
    except ValueError as problem:
        message = f"{PROGRAM} does not tell the cards' memory, it says: {lines[0]}; is the driver loaded?"
        raise EnvironmentFailed(message) from problem


def cards_here() -> tuple[int, ...]:
    """Return the free memory of each NVIDIA card of this machine, in bytes; empty where there is no driver.

    Raises:
        EnvironmentFailed: the driver is there and does not answer.
    """
    if shutil.which(PROGRAM) is None:
        return ()
    try:
        done = subprocess.run(
            [PROGRAM, *_QUESTION], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"{PROGRAM} does not answer: {error}"
        raise EnvironmentFailed(message) from error
    return free_memory(done.stdout or done.stderr)


def within_gpu_memory(slots: int, cards: tuple[int, ...], bytes_per_slot: int) -> int:
    """Return at most as many slots as the cards' memory holds emulators, and at least 1.

    Args:
        slots: how many fit by everything else.
        cards: free memory of each card, in bytes; empty where nobody knows, and then it bounds nothing.
        bytes_per_slot: what an emulator needs of one card; it lies on one, never on two.
    """
    if not cards:
        return slots
    return max(1, min(slots, sum(free // bytes_per_slot for free in cards)))
