"""Keep the measured constants of each emulator, and stop a run whose emulator departs from them.

The lag between a log line and its picture, and how much of a fighter's motion is seen, depend on the
emulator, its settings and the game program, not on the replay. `farm calibrate` measures them on a game
of our own; they are kept in a file under the fingerprint of everything that decides them.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manifests.home_folder import cache_base
from manifests.state.schema import FIRST_SLP_FRAME
from workers.align import thresholds
from workers.align.motion.camera import Camera
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from manifests.ledger.evidence import Evidence

FILE_VARIABLE = "DOLPHIN_FARM_CALIBRATION"
_FILE_VERSION = 1
_MOTION_MEASURE = "3"  # raise it whenever the same pictures give another gain
_MOST_GAIN = 4  # predicted motion weighs more than a quarter, measured motion weighs 1
_SEE_EVERY_FRAME = frozenset({"log", "stamp", "motion"})


@dataclass(frozen=True, slots=True)
class Calibration:
    """The constants of one emulator under one configuration.

    Attributes:
        emulator: the emulator's name.
        fingerprint: sha256, hex, over everything that decides the constants.
        log_lag: the usual newest capture_index - (n + 123) at `[CURRENT_FRAME] n`; None if it has none.
        log_share: share of the lines that have exactly this lag, 0 to 1.
        motion_gain: slope of measured on predicted motion in a clean game.
        num_frames: number of frames of the measured game.
        camera: the numbers of the camera that was found, in the order of
            `workers.align.motion.camera.Camera`; empty if none was found.

    Raises:
        ValueError: a share or gain is outside its range, or the camera has another number of numbers.
    """

    emulator: str
    fingerprint: str
    log_lag: int | None
    log_share: float
    motion_gain: float
    num_frames: int
    camera: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "camera", tuple(self.camera))  # a file gives a list
        if self.camera and len(self.camera) != len(fields(Camera)):
            message = f"a camera has {len(fields(Camera))} numbers, got {len(self.camera)}"
            raise ValueError(message)
        for name, most in (("log_share", 1), ("motion_gain", _MOST_GAIN)):
            if not 0 <= getattr(self, name) <= most:
                message = f"{name} is from 0 to {most}, got {getattr(self, name)}"
                raise ValueError(message)

    @property
    def least_gain(self) -> float:
        """The lowest slope that any clean game reaches, even one in which little happens."""
        return self.motion_gain * thresholds.MOTION.least_part_of_usual

    @property
    def usual_camera(self) -> Camera | None:
        """The camera from which the search for a game's own camera begins; None if none was measured."""
        return Camera(*self.camera) if self.camera else None


_FIELDS = frozenset(field.name for field in fields(Calibration))


def fingerprint_sha256(fingerprint: Mapping[str, str]) -> str:
    """Return the key under which a calibration is kept: sha256 over sorted JSON.

    The version of the motion measurement is part of it: constants that were measured in another way are not
    comparable.
    """
    decisive = {**fingerprint, "motion_measure": _MOTION_MEASURE}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def calibration_file() -> Path:
    """Return the file of calibrations: $DOLPHIN_FARM_CALIBRATION, or one in the user's cache folder."""
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    return cache_base() / "dolphin-farm" / "calibration.json"


def load_calibration(file: Path, fingerprint: Mapping[str, str]) -> Calibration | None:
    """Return the calibration for this fingerprint, or None if it was never measured.

    Raises:
        EnvironmentFailed: the file exists, but is not a calibration file of this version.
    """
    return calibration_for(known_calibrations(file), fingerprint)


def known_calibrations(file: Path | None = None) -> tuple[Calibration, ...]:
    """Return all calibrations of this machine, which a run hands to machines that have no such file.

    A calibration from an older version, with other fields, is left out, as motion was measured differently.

    Raises:
        EnvironmentFailed: as `load_calibration`.
    """
    where = calibration_file() if file is None else file
    try:
        return tuple(Calibration(**entry) for entry in _read(where).values() if entry.keys() == _FIELDS)
    except (AttributeError, TypeError, ValueError) as error:
        raise EnvironmentFailed(_unreadable(where, error)) from error


def calibration_for(
    calibrations: Iterable[Calibration], fingerprint: Mapping[str, str]
) -> Calibration | None:
    """Return the calibration that was measured under this fingerprint, or None."""
    key = fingerprint_sha256(fingerprint)
    return next((one for one in calibrations if one.fingerprint == key), None)


def store_calibration(file: Path, calibration: Calibration) -> None:
    """Add a calibration to the file, or replace the one with the same fingerprint; the file is never torn.

    Raises:
        EnvironmentFailed: the file is not a calibration file of this version, or cannot be written.
    """
    entries = {**_read(file), calibration.fingerprint: asdict(calibration)}
    # Written to a file beside it and renamed, so that a reader never sees half a file.
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"version": _FILE_VERSION, "calibrations": entries}, indent=1, sort_keys=True)
        beside.write_text(text + "\n")
        beside.replace(file)
    except OSError as error:
        message = (
            f"{file}: the calibration cannot be kept there: {error}; set {FILE_VARIABLE} to another file"
        )
        raise EnvironmentFailed(message) from error


def require_calibrated(
    evidence: Sequence[Evidence],
    calibration: Calibration,
    limits: thresholds.VerdictThresholds = thresholds.VERDICT,
) -> None:
    """Check that no observer found the same offset throughout a whole game.

    A chance fault breaks a game somewhere in the middle. An offset that holds from the first frame to the
    last comes from the emulator and would be in every game. The count cannot tell the two apart, so it is not
    considered.

    Raises:
        EnvironmentFailed: an observer found such an offset: the emulator no longer fits its calibration.
    """
    for item in evidence:
        first = item.first_disagreement_slp_frame
        is_from_the_start = first is None or first < FIRST_SLP_FRAME + limits.max_start_frames
        is_throughout = item.confidence >= limits.min_throughout_confidence and is_from_the_start
        if item.offset_frames and is_throughout and item.name in _SEE_EVERY_FRAME:
            message = (
                f"{calibration.emulator} is off its calibration: {item}; every game would come out wrong. "
                f"Find out what changed, then run: farm calibrate --emulator {calibration.emulator}"
            )
            raise EnvironmentFailed(message)


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        message = f"{file}: calibrations cannot be read there: {error}; set {FILE_VARIABLE} to another file"
        raise EnvironmentFailed(message) from error
    except ValueError as error:
        raise EnvironmentFailed(_unreadable(file, error)) from error
    if not isinstance(content, dict) or content.get("version") != _FILE_VERSION:
        raise EnvironmentFailed(_unreadable(file, f"not version {_FILE_VERSION}"))
    entries: object = content.get("calibrations")
    if not isinstance(entries, dict):
        raise EnvironmentFailed(_unreadable(file, "it holds no calibrations"))
    return entries


def _unreadable(file: Path, why: object) -> str:
    return f"{file}: this is no calibration file ({why}); delete it and run farm calibrate again"
