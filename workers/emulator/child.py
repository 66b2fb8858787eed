"""Run a child process that cannot outlive us: the kernel kills it if we die, and it is always reaped.

`setpriv --pdeathsig KILL` stands directly before the program, without a shell between: the kernel then kills
the program itself when the thread that started it ends in any way. So start it from a thread that lives as
long as the program should, usually the worker's main thread. Between our fork and setpriv's work lie a few
milliseconds in which our own death would go unnoticed; a pipe that the program writes to covers those.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRACE_SECONDS: Final = 10.0
"""Seconds between SIGTERM and SIGKILL; needed because Slippi's Dolphin can hang for ever in exit()."""

_KILL_SECONDS: Final = 60.0
"""Seconds that SIGKILL may take: usually milliseconds, but 10 s were seen on an overloaded machine."""
_MAX_SAID_BYTES: Final = 1 << 16


class Child:
    """A running program, as a context manager: leaving it ends the program and its process group.

    Args:
        command: the program's absolute path, or its name on PATH, and its arguments.
        folder: working directory.
        environment: the whole environment; nothing is inherited.
        stdout: file to append to, or a descriptor, of which the caller closes its own copy.
        stderr: file to append to, or a descriptor, as for stdout.
        pass_fds: further descriptors that the program inherits.

    Raises:
        EnvironmentFailed: the program, or setpriv, cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        stdout: Path | int,
        stderr: Path | int,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._stderr = stderr
        for program, remedy in (("setpriv", "run: apt-get install util-linux"), (command[0], "install it")):
            if shutil.which(program) is None:
                message = f"{program} is not installed or not executable; {remedy}"
                raise EnvironmentFailed(message)
        with ExitStack() as stack:
            out, err = (
                stack.enter_context(target.open("ab")) if isinstance(target, Path) else target
                for target in (stdout, stderr)
            )
            try:
                self._process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", "--", *command],
                    cwd=folder,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    pass_fds=pass_fds,
                    process_group=0,
                )
            except OSError as error:
                message = f"{command[0]} cannot be started: {error}"
                raise EnvironmentFailed(message) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def process_id(self) -> int:
        """The process id of the program, which is also that of its group."""
        return self._process.pid

    def exit_status(self) -> int | None:
        """Return the exit status, negative for a signal; None while it runs. Only `stop` reaps it."""
        if self._process.returncode is not None:
            return self._process.returncode
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def suspend(self) -> None:
        """Stop the whole group where it is (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the whole group continue (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> int:
        """End the program and its group, with SIGTERM, then SIGKILL; reap it, and return its exit status.

        If the program had ended by itself before, that exit status is returned.

        Raises:
            EnvironmentFailed: not even SIGKILL ended it.
        """
        if self._process.returncode is None:
            # Until the program is reaped, its number, which is also the group's, cannot be used again.
            if self.exit_status() is None:
                self._signal(signal.SIGTERM)
                self._signal(signal.SIGCONT)  # a stopped process does not act on SIGTERM
                self.wait(grace_seconds)
            self._signal(signal.SIGKILL)
            try:
                self._process.wait(_KILL_SECONDS)
            except subprocess.TimeoutExpired as error:
                message = (
                    f"process {self.process_id} outlived SIGKILL by {_KILL_SECONDS:g} s; restart this machine"
                )
                raise EnvironmentFailed(message) from error
        return self._process.returncode

    def said(self) -> str:
        """Return the last line in the program's stderr file, or "" if there is no line or no file."""
        if isinstance(self._stderr, int):
            return ""
        try:
            with self._stderr.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _MAX_SAID_BYTES))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return lines[-1].strip() if lines else ""

    def wait(self, seconds: float) -> int | None:
        """Wait until the program ends by itself; return its exit status, or None if it runs on too long."""
        if self._process.returncode is not None:
            return self._process.returncode
        handle = os.pidfd_open(self._process.pid)
        try:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll(seconds * 1000)
        finally:
            os.close(handle)
        return self.exit_status()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # the whole group is gone
            os.killpg(self._process.pid, number)
