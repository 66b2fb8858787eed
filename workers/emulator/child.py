"""One child process that cannot outlive us: its own group, killed by the kernel if we die, always reaped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GRACE_SECONDS: Final = 10.0
"""Between SIGTERM and SIGKILL: Slippi's Dolphin can hang for ever in exit()."""


class Child:
    """A running program. A context manager: leaving it ends the program and its group.

    `setpriv --pdeathsig KILL` stands directly before the program, no shell between: the kernel then kills the
    program itself when this process goes, however it goes.

    Raises:
        EnvironmentFailed: the program cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        stdout: Path,
        stderr: Path,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._stderr = stderr
        if shutil.which(command[0]) is None:
            message = f"{command[0]} is not installed or not executable"
            raise EnvironmentFailed(message)
        with stdout.open("ab") as out, stderr.open("ab") as err:
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
        """Of the program, and of its group."""
        return self._process.pid

    def exit_status(self) -> int | None:
        """Return its exit status, negative for a signal, or None while it runs."""
        return self._process.poll()

    def suspend(self) -> None:
        """Stop it where it is."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """End it: politely, then by force. Also what it left of its group."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)  # a stopped process does not even hear the first
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_seconds)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def said(self) -> str:
        """Return the last line it wrote to stderr, or "" if it wrote none."""
        try:
            lines = self._stderr.read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return lines[-1].strip() if lines else ""

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # the whole group is gone
            os.killpg(self._process.pid, number)
