"""Runs the system's ffmpeg and ffprobe, other programs than the libav that comes with PyAV.

Commands are put together with ffmpeg-python. A command is run in a folder, with a deadline; what it printed
and what it complained of come back.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from workers.emulator.child import Child
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def command_of(output: Any) -> list[str]:
    """Return the command of an ffmpeg-python output, which reads no keys and complains of errors alone."""
    command: list[str] = output.global_args("-nostdin", "-v", "error").compile()
    return command


def run_to_the_end(command: Sequence[str], folder: Path, seconds: float) -> tuple[bytes, str]:
    """Return what a command printed, and its complaint: "" exactly if it ended well.

    Args:
        command: the program and its arguments.
        folder: where it runs, and where what it says is kept meanwhile.
        seconds: how long it may take.

    Raises:
        EnvironmentFailed: it cannot be started, or was not done in time.
    """
    printed, said = folder / "stdout", folder / "stderr"
    for file in (printed, said):
        file.write_bytes(b"")
    with Child(command, folder=folder, environment=os.environ, stdout=printed, stderr=said) as child:
        status = child.wait(seconds)
        if status is None:
            message = (
                f"{command[0]} was not done with a video within {seconds:g} s; try again on an idle machine"
            )
            raise EnvironmentFailed(message)
        complaint = "" if status == 0 else child.said() or f"it ended with status {status}"
    return printed.read_bytes(), complaint.replace(f"{folder}/", "")  # the folder may be gone when it is read
