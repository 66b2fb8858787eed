"""Slots on this machine: each is a long-lived process of our own that does one game at a time.

Every process is a direct child, with a parent-death signal and a process group of its own. So a Ctrl-C at the
terminal reaches only the run, which drains; and when a run is killed, its slots end, and with them their
emulators.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from farm.engine.pool import (
    Breakage,
    JobBroke,
    JobReturned,
    ResultT,
    SettingsT,
    SlotClosed,
    SlotOpened,
    TaskT,
)
from farm.engine.slot_report import Ready, Returned, Unable
from farm.pools.leftovers import remove_leftovers
from workers.errors import EnvironmentFailed
from workers.machine import machine_kind
from workers.scratch import make_base, own_folder_in, scratch, sweep

if TYPE_CHECKING:
    from types import TracebackType

    from farm.engine.pool import Event, Job

NODE = "local"
START_SECONDS = 120.0  # for imports on a machine whose cores are all rendering
LEAVE_SECONDS = 10.0  # for an idle process to exit


@dataclass(slots=True)
class _Process:
    popen: subprocess.Popen[bytes]
    tasks: Connection[Any, Any]
    log: Path
    started: float
    is_ready: bool = False
    is_busy: bool = False
    num_done: int = 0


class LocalPool:
    """A `farm.engine.pool.Pool` of `num_slots` processes on this machine.

    Args:
        job: What a slot does with a task; picklable by name, so a function at the top of a module.
        settings: Passed to every job.
        num_slots: Number of processes at any time.
        recycle_games: A process is replaced after this many games, so that its leaks do not add up.

    Raises:
        ValueError: if a number is below 1.
    """

    def __init__(
        self,
        job: Job[TaskT, SettingsT, ResultT],
        settings: SettingsT,
        *,
        num_slots: int,
        recycle_games: int = 200,
    ) -> None:
        if num_slots < 1 or recycle_games < 1:
            message = f"num_slots and recycle_games must be at least 1, got {num_slots} and {recycle_games}"
            raise ValueError(message)
        self._order = (job, settings)
        self._num_slots = num_slots
        self._recycle_games = recycle_games
        self._processes: dict[str, _Process] = {}
        self._num_started = 0
        self._cleaned = ExitStack()
        self._is_littered = False  # a slot died, and its successor may not have swept its scratch yet
        self._logs: Path | None = None
        self._kind = machine_kind()

    def __enter__(self) -> Self:
        """Start the processes; a slot opens when its process is ready.

        Raises:
            EnvironmentFailed: if a process cannot be started; then all others are ended.
        """
        # The folder is under a lock, so that the next run can remove the folder of a run that was killed.
        base = make_base(own_folder_in(Path(tempfile.gettempdir()))) / "logs"
        sweep(base)
        self._logs = self._cleaned.enter_context(scratch(base))
        try:
            for _ in range(self._num_slots):
                self._start_process()
        except BaseException:
            self._end_all()  # Python does not call __exit__ when __enter__ fails
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process: idle ones exit by themselves, the rest are killed; wait until all are gone."""
        self._end_all()

    def _end_all(self) -> None:
        was_forced = self._is_littered or any(process.is_busy for process in self._processes.values())
        for process in self._processes.values():
            process.tasks.close()  # an idle process takes this as its end
            if process.is_busy or not process.is_ready:
                _kill(process)
        deadline = time.monotonic() + LEAVE_SECONDS
        for process in self._processes.values():
            _reap(process, deadline)
        self._processes.clear()
        if was_forced:
            _, settings = self._order
            remove_leftovers(settings.scratch_base)
        self._cleaned.close()

    def start(self, slot: str, task: TaskT) -> None:
        """Send the task to the slot's process."""
        process = self._processes[slot]
        process.is_busy = True
        try:
            process.tasks.send(task)
        except (BrokenPipeError, ConnectionResetError):
            return  # the process died idle; `events` finds the closed socket and reports it

    def events(self, timeout_seconds: float) -> list[Event]:
        """Wait for the processes' reports or deaths, and return them as events."""
        names = {process.tasks: name for name, process in self._processes.items()}
        found: list[Event] = []
        for tasks in wait(list(names), timeout_seconds):
            assert isinstance(tasks, Connection)
            found += self._take_report(names[tasks])
        for name, process in list(self._processes.items()):
            if not process.is_ready and time.monotonic() > process.started + START_SECONDS:
                self._end(name)
                message = f"a worker was not ready within {START_SECONDS:.0f} s; is the machine overloaded?"
                raise EnvironmentFailed(message)
        return found

    def kill(self, slot: str) -> None:
        """End the slot's process and start another."""
        self._end(slot)
        self._start_process()

    def want(self, num_slots: int) -> None:
        """Do nothing: a local pool keeps its size, since its processes cost nothing while they wait."""

    def _start_process(self) -> None:
        assert self._logs is not None, "enter the pool first"
        name = f"{NODE}/{self._num_started}"
        log = self._logs / f"{self._num_started}.log"
        self._num_started += 1
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            message = "no `setpriv` on PATH; it is part of util-linux: install that"
            raise EnvironmentFailed(message)
        ours, theirs = socket.socketpair()
        # The process must find the job's module wherever this process did, even outside the usual paths.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [
            sys.executable,
            "-P",
            "-m",
            "farm.pools.slot_process",
            str(theirs.fileno()),
            str(os.getpid()),
        ]
        with ours, log.open("wb") as output, theirs:
            popen = subprocess.Popen(
                [setpriv, "--pdeathsig", "KILL", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
                process_group=0,
                env=environment,
            )
            tasks: Connection[Any, Any] = Connection(ours.detach())
        self._processes[name] = _Process(popen, tasks, log, time.monotonic())
        try:
            tasks.send(self._order)
        except (BrokenPipeError, ConnectionResetError):
            return  # the process could not even start; `events` says why

    def _take_report(self, name: str) -> list[Event]:
        process = self._processes[name]
        try:
            report = process.tasks.recv()
        except (EOFError, ConnectionResetError):
            return self._died(name)
        if isinstance(report, Ready):
            process.is_ready = True
            return [SlotOpened(name, NODE, self._kind)]
        if isinstance(report, Returned):
            process.is_busy = False
            process.num_done += 1
            returned = JobReturned(name, report.result)
            return [returned, *self._recycle(name)]
        assert isinstance(report, Unable)
        was_ready = process.is_ready
        self._end(name)
        if not was_ready:
            raise EnvironmentFailed(report.detail)
        self._start_process()
        return [JobBroke(name, Breakage.ENVIRONMENT, report.detail)]

    def _recycle(self, name: str) -> list[Event]:
        if self._processes[name].num_done < self._recycle_games:
            return []
        self._end(name)
        self._start_process()
        return [SlotClosed(name)]

    def _died(self, name: str) -> list[Event]:
        process = self._processes.pop(name)
        self._is_littered = True
        process.tasks.close()
        _reap(process, time.monotonic() + LEAVE_SECONDS)  # no kill yet: it may be writing its traceback
        detail = _last_words(process)
        if not process.is_ready:
            message = f"a worker process could not start: {detail}"
            raise EnvironmentFailed(message)
        self._start_process()
        if process.is_busy:
            return [JobBroke(name, Breakage.WORKER_DIED, detail)]
        return [SlotClosed(name)]

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        self._is_littered = self._is_littered or process.is_busy
        process.tasks.close()
        if process.is_busy or not process.is_ready:
            _kill(process)
        _reap(process, time.monotonic() + LEAVE_SECONDS)


def _kill(process: _Process) -> None:
    if process.popen.poll() is None:
        process.popen.send_signal(signal.SIGKILL)


def _reap(process: _Process, deadline: float) -> None:
    """Wait for the process to end; kill it after the deadline."""
    try:
        process.popen.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.popen.kill()
        process.popen.wait(LEAVE_SECONDS)


def _last_words(process: _Process) -> str:
    """Return how the process ended, and the last line it wrote; of a traceback, that line is the error."""
    status = process.popen.returncode
    ending = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    lines = process.log.read_text(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"{ending}; {last}" if last else ending
