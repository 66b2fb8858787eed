"""Reads the free memory of a machine's NVIDIA cards, and limits the number of emulators by it."""

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
    """Read nvidia-smi's output, the free memory of each card on a line in MiB; return it in bytes.

    Raises:
        EnvironmentFailed: a line is no number, as happens with a broken driver.
    """
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    try:
        return tuple(int(line) * _MIB for line in lines)
    except ValueError as problem:
        message = f"{PROGRAM} does not tell the cards' memory, it says: {lines[0]}; is the driver loaded?"
        raise EnvironmentFailed(message) from problem


def cards_here() -> tuple[int, ...]:
    """Return the free memory of each NVIDIA card of this machine, in bytes; empty without a driver.

    Raises:
        EnvironmentFailed: the driver is installed and does not answer.
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
    """Limit a number of slots to the emulators that fit into the cards' memory; return at least 1.

    Args:
        slots: number of slots that fit by all other resources.
        cards: free memory of each card, in bytes; if empty (unknown), it sets no limit.
        bytes_per_slot: memory that an emulator needs on one card; an emulator is never split over two cards.
    """
    if not cards:
        return slots
    return max(1, min(slots, sum(free // bytes_per_slot for free in cards)))
