"""The process behind one local slot: it reads tasks from a socket, does one at a time, and writes reports.

    python -m farm.pools.slot_process SOCKET_FD PARENT_PID

Only `farm.pools.local_pool` starts it. It ends when the other side closes the socket or dies. An error that
the job was not meant to raise ends it too, with the traceback in the slot's log: a process in an unknown
state takes no further game.
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

    The first message is (job, settings); every later message is a task.
    """
    try:
        job, settings = tasks.recv()
        sweep(settings.scratch_base)  # files that a killed slot could not remove
        _serve(tasks, job, settings)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the pool is gone, or has closed this slot


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
    # The pool handles Ctrl-C. SIGTERM keeps its default, which ends this process; the parent-death signal of
    # every emulator then ends the emulators.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != parent:
        return  # the parent died before the parent-death signal was in place
    os.set_inheritable(descriptor, False)
    with Connection(descriptor) as tasks:
        serve(tasks)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
