"""Runs one program with a deadline, in a process group of its own, so that all it started is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

FARM: Final = (sys.executable, "-P", "-c", "from farm.cli import main; main()")
"""The command line of `farm` for this Python, whatever is on PATH."""


def said_by(words: Sequence[str], deadline_seconds: float) -> str:
    """Run a program and return what it said on standard output.

    Args:
        words: the program and its arguments.
        deadline_seconds: time after which the program is ended, with everything that it started.

    Raises:
        EnvironmentFailed: the program is missing, failed, or took too long.
    """
    try:
        started = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            process_group=0,
        )  # fmt: skip
    except OSError as error:
        message = f"{words[0]} cannot be run: {error.strerror}"
        raise EnvironmentFailed(message) from error
    with started as process:
        try:
            said, complaint = process.communicate(timeout=deadline_seconds)
        except subprocess.TimeoutExpired as error:
            message = f"not done within {deadline_seconds:.0f} s"
            raise EnvironmentFailed(message) from error
        finally:
            with suppress(ProcessLookupError):  # all processes of the group have ended by themselves
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        lines = [line.strip() for line in complaint.splitlines() if line.strip()]
        raise EnvironmentFailed(lines[-1] if lines else f"ended with status {process.returncode}")
    return said
