"""One slot on a cluster: the class that Ray runs as an actor. The class itself knows nothing of Ray.

It runs in the main thread of a process of its own, so the parent-death signal of the programs that it starts
is tied to that process. It returns the same small reports as a local slot. Any error other than
`EnvironmentFailed` is a bug of ours, and the pool then ends the slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.engine.slot_report import Returned, Unable
from workers.errors import EnvironmentFailed
from workers.scratch import sweep

if TYPE_CHECKING:
    from farm.engine.pool import Job, Result


class RaySlot:
    """One slot on a cluster; it first removes what dead slots left on its machine."""

    def __init__(self, job: Job[Any, Any, Result], settings: Any) -> None:
        self._job = job
        self._settings = settings
        sweep(settings.scratch_base)

    def run(self, task: Any) -> Returned | Unable:
        """Run the job on one task; report its result, or that this machine cannot do it."""
        try:
            return Returned(self._job(task, self._settings))
        except EnvironmentFailed as problem:
            return Unable(str(problem))
