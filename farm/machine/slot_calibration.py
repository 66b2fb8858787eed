"""Saves the number of slots at which this machine renders most, as `farm bench slots --save` measured it.

`farm slots` uses it instead of the number of cores, and so does the resource that a node of a cluster offers.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from manifests.home_folder import NoHome, cache_base, config_base
from workers.errors import EnvironmentFailed

# Environment variable that names the file, e.g. one mounted into a container.
VARIABLE = "FARM_SLOT_CALIBRATION"


@dataclass(frozen=True, slots=True)
class SlotCalibration:
    """The result of one measurement of a machine.

    Attributes:
        slots: Number of slots side by side with which the machine rendered most.
        cores: Cores that the machine had then; the measurement is ignored on a machine with more or fewer.

    Raises:
        ValueError: unless both are above zero.
    """

    slots: int
    cores: float

    def __post_init__(self) -> None:
        if self.slots < 1 or self.cores <= 0:
            message = f"slots are at least 1 and cores above 0, got {self.slots} and {self.cores}"
            raise ValueError(message)


def calibration_path() -> Path:
    """Return the file that FARM_SLOT_CALIBRATION names, else one under XDG_CONFIG_HOME."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    try:
        base = config_base(VARIABLE)
    except NoHome:
        base = cache_base()  # the cache will do, since it can be measured again
    return base / "dolphin-farm" / "slots.json"


def save_calibration(measured: SlotCalibration) -> Path:
    """Save a measurement in the user's settings; return the path of the file.

    Raises:
        EnvironmentFailed: if the file cannot be written.
    """
    path = calibration_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(measured)) + "\n")
    except OSError as problem:
        message = f"cannot write {path}: {problem.strerror}; set {VARIABLE} to a file that can be written"
        raise EnvironmentFailed(message) from problem
    return path


def saved_calibration(cores: float) -> SlotCalibration | None:
    """Return the measurement of a machine with this many cores; None if there is none.

    Raises:
        EnvironmentFailed: if the file exists and is not one of ours.
    """
    path = calibration_path()
    try:
        measured = SlotCalibration(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as problem:
        message = f"{path} is not a calibration of slots ({problem}); remove it, or `farm bench slots --save`"
        raise EnvironmentFailed(message) from problem
    return measured if measured.cores == cores else None
