"""What one slot is on a cluster: the class that Ray runs as an actor. It knows nothing of Ray itself.

It runs in the main thread of a process of its own, so the parent-death signal of what it starts is tied to
that process. It hands back the same small reports as a local slot; every other error than `EnvironmentFailed`
is a bug of ours, and the pool ends the slot for it.
"""

from __future__ import annotations

import dataclasses
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from farm.scratch import PREFIX, default_base, slot_scratch, sweep
from farm.slot_report import Ready, Returned, Unable
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

    from farm.pool import Job, Result

SWEEP_SECONDS = 3.0  # for a process that was killed to be gone, and its emulator after it


class RaySlot:
    """One slot: `open` once, then `run` for each game, then `leave`."""

    def __init__(self, job: Job[Any, Any, Result], workshop: Any) -> None:
        self._job = job
        self._workshop = workshop
        self._scratch = ExitStack()

    def open(self) -> Ready | Unable:
        """Make the slot's scratch folder, sweeping those of dead slots first."""
        try:
            folder = self._scratch.enter_context(slot_scratch(self._workshop.scratch_base))
        except EnvironmentFailed as problem:
            return Unable(str(problem))
        self._workshop = dataclasses.replace(self._workshop, scratch_base=folder)
        return Ready()

    def run(self, task: Any) -> Returned | Unable:
        """Do one game."""
        try:
            return Returned(self._job(task, self._workshop))
        except EnvironmentFailed as problem:
            return Unable(str(problem))

    def leave(self) -> None:
        """Remove the scratch folder: the slot is about to end."""
        self._scratch.close()


def sweep_node(base: Path | None) -> int:
    """Remove what slots that were ended by force left on this machine; returns how many folders.

    They may still be dying: looks again for a while as long as there is any folder, somebody else's included.
    """
    base = base or default_base()
    deadline = time.monotonic() + SWEEP_SECONDS
    removed = sweep(base)
    while time.monotonic() < deadline and any(base.glob(f"{PREFIX}*")):
        time.sleep(0.1)
        removed += sweep(base)
    return removed
