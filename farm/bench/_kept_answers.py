"""Keeps what each bench printed in a folder, so that a report can be made in several sittings."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What one bench printed.

    Attributes:
        command: that was run, as a user would write it.
        machine_and_date: on what and when.
        said: the JSON that it printed.
    """

    command: str
    machine_and_date: str
    said: str


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """A folder with a file for each bench; whole and quick measurements lie apart.

    Attributes:
        folder: where; made when the first answer is put.
        is_quick: whether the answers are those of `--quick`.
    """

    folder: Path
    is_quick: bool

    def get(self, name: str) -> KeptAnswer | None:
        """Return what a bench printed in an earlier run; None if it has not been measured.

        Raises:
            ValueError: the file is damaged.
        """
        path = self._path(name)
        try:
            return KeptAnswer(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as problem:
            message = f"{path} is no kept answer of `farm bench all` ({problem}): remove it to measure again"
            raise ValueError(message) from problem

    def put(self, name: str, answer: KeptAnswer) -> None:
        """Keep what a bench printed, in place of what was kept before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(name)
        written = path.with_suffix(f".{os.getpid()}.part")
        written.write_text(json.dumps(asdict(answer), indent=1))
        written.replace(path)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '_')}{'.quick' if self.is_quick else ''}.json"
