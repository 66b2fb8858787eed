"""A wall clock that jumps, for the driver and the slots alone: this machine's own stays as it is.

A small preloaded library (clock.c) adds what a mapped file says. It is loaded into every process of the
cluster, and does nothing in those that are no Python. What the kernel itself waits for is not moved.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("clock.c")


class Clock:
    """Seconds that the clock is ahead by, which may be below 0; `environment` brings it to a process."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.environment: dict[str, str] = {}
        self.jump(0)
        compiler = shutil.which("cc")
        if compiler is None:
            return
        library = folder / "clock.so"
        command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
        self.environment = {"LD_PRELOAD": str(library), "FARM_CHAOS_CLOCK": str(self._file)}

    @property
    def can_jump(self) -> bool:
        """Whether there is a C compiler, so that the library could be made."""
        return bool(self.environment)

    def jump(self, seconds: int) -> None:
        with self._file.open("r+b" if self._file.exists() else "xb") as file:  # in place: it is mapped
            file.write(struct.pack("=q", seconds))
