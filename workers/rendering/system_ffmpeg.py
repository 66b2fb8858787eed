"""Run the system's ffmpeg and ffprobe, which are not the libav that comes with PyAV.

Commands are built with ffmpeg-python. A command runs in a folder, with a deadline; its output and its
complaints are returned.
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
    """Return the command line of an ffmpeg-python output; it reads no keys, and prints only errors."""
    command: list[str] = output.global_args("-nostdin", "-v", "error").compile()
    return command


def run_to_the_end(command: Sequence[str], folder: Path, seconds: float) -> tuple[bytes, str]:
    """Run a command; return its output, and its complaint, which is "" exactly if it ended well.

    Args:
        command: the program and its arguments.
        folder: the folder in which it runs, and which keeps its output meanwhile.
        seconds: how long it may take.

    Raises:
        EnvironmentFailed: the command cannot be started, or did not finish in time.
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
    return printed.read_bytes(), complaint.replace(f"{folder}/", "")  # the folder may be gone later
