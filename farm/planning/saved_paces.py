"""Saves the paces that canary games and benches measured, so that later estimates can use them.

One JSON file in the user's cache holds the newest measurement of each emulator, game, renderer and machine.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Final

from farm.planning.measured_pace import MeasuredPace
from manifests.home_folder import cache_base
from workers.errors import EnvironmentFailed

VARIABLE: Final = "FARM_MEASURED_PACES"
"""Environment variable that names the file, e.g. one on a volume that several containers share."""


def paces_path() -> Path:
    """Return the file that FARM_MEASURED_PACES names, else one under XDG_CACHE_HOME."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else cache_base() / "dolphin-farm" / "measured_paces.json"


def saved_paces() -> tuple[MeasuredPace, ...]:
    """Return all saved measurements; none if the file does not exist.

    Raises:
        EnvironmentFailed: the file exists and is not one of ours.
    """
    path = paces_path()
    try:
        return tuple(MeasuredPace.from_dict(each) for each in json.loads(path.read_text()))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError, TypeError) as problem:
        message = f"{path} does not hold measured paces ({problem}); remove it: the next canary writes it"
        raise EnvironmentFailed(message) from problem


def save_pace(pace: MeasuredPace) -> Path:
    """Save a measurement in place of an older one of the same kind; return the path of the file.

    Raises:
        EnvironmentFailed: the file cannot be read or written.
    """
    path = paces_path()
    others = [other for other in saved_paces() if _kind(other) != _kind(pace)]
    text = json.dumps([each.to_dict() for each in (*others, pace)], indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as aside:
            aside.write(text)
        Path(aside.name).replace(path)  # if two runs do this at once, one whole file wins
    except OSError as problem:
        message = f"cannot write {path}: {problem.strerror}; set {VARIABLE} to a file that can be written"
        raise EnvironmentFailed(message) from problem
    return path


def _kind(pace: MeasuredPace) -> tuple[str, ...]:
    return (pace.origin, pace.emulator, pace.game, pace.renderer, pace.machine)
