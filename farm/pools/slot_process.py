"""The process behind one local slot: reads tasks from a socket, does one at a time, writes what came of each.

    python -m farm.pools.slot_process SOCKET_FD PARENT_PID

Started by `farm.pools.local_pool` only. It ends when the other side closes the socket or dies. An error
that the job was not meant to raise ends it too, with the traceback in the slot's log: a process in an
unknown state takes no further game.
"""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from farm.engine.slot_report import Ready, Report, Returned, Unable
from workers.errors import EnvironmentFailed
from workers.scratch import sweep

if TYPE_CHECKING:
    from farm.engine.pool import Job, Result


def serve(tasks: Connection[Report, Any]) -> None:
    """Do the tasks that arrive until the other side is gone.

    The first message is (job, settings); every later one a task.
    """
    try:
        job, settings = tasks.recv()
        sweep(settings.scratch_base)  # what a slot that was killed could not remove
        _serve(tasks, job, settings)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the pool is gone, or wants no more


def _serve(tasks: Connection[Report, Any], job: Job[Any, Any, Result], settings: Any) -> None:
    try:
        tasks.send(Ready())
        while True:
            task = tasks.recv()
            tasks.send(Returned(job(task, settings)))
    except EnvironmentFailed as problem:
        tasks.send(Unable(str(problem)))


def main(descriptor: int, parent: int) -> None:
    """Run as the process of one slot."""
    # Ctrl-C is the pool's to deal with. SIGTERM keeps its default: it ends this process, and the parent-death
    # signal that every emulator is started under ends those.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != parent:
        return  # it died before the parent-death signal was in place
    os.set_inheritable(descriptor, False)
    with Connection(descriptor) as tasks:
        serve(tasks)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
