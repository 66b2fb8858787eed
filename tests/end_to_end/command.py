"""Runs the `farm` command in a process of its own, as a user does, and finds every process that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path

TOKEN = "FARM_TEST_TOKEN"


@dataclass(frozen=True)
class FarmCommand:
    """Starts the command; `descendants` finds every process it started, by a mark in their environment."""

    home: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def environment(self) -> dict[str, str]:
        scratch = self.home / "tmp"
        scratch.mkdir(exist_ok=True)
        ours = {"XDG_CONFIG_HOME": str(self.home / "config"), "TMPDIR": str(scratch), TOKEN: self.mark}
        ours["XDG_CACHE_HOME"] = str(self.home / "cache")
        return {**os.environ, **ours}

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", "from farm.cli import main; main()", *map(str, arguments)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def run(self, *arguments: str | Path, seconds: float = 240) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=seconds)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def descendants(self, program: str = "") -> list[int]:
        """Living processes of this command whose command line contains `program`."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
                command_line = (folder / "cmdline").read_bytes()
                is_zombie = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:
                continue  # it ended meanwhile
            # Dolphin gets an environment without the mark, but its files lie below our home folder
            marked = f"{TOKEN}={self.mark}".encode() in environment or str(self.home).encode() in command_line
            if marked and not is_zombie and program.encode() in command_line:
                found.append(int(folder.name))
        return found
