"""Makes the wall clock jump for a farm's driver and slots; this machine's own clock is not changed.

A small preloaded library (clock.c) adds the seconds that a mapped file says. It is loaded into every process
of the cluster, and does nothing in those that do not run Python. Waits within the kernel are not affected.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("clock.c")


class Clock:
    """Sets how many seconds the clock is ahead, which may be below 0; `environment` gives it to a process."""

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
        """Whether the library could be compiled, since there is a C compiler."""
        return bool(self.environment)

    def jump(self, seconds: int) -> None:
        # Written in place, since the file is mapped.
        with self._file.open("r+b" if self._file.exists() else "xb") as file:
            file.write(struct.pack("=q", seconds))
