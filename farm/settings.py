"""The one configuration of a run: a file, the environment and flags, in rising order, checked first.

    farm.toml           replays = ["s3://bucket/replays"]    a flat table of the settings below
    FARM_REPLAYS=...    the same names in capitals; several replay sources are separated by commas
    --replays ...       the same names again

A wrong setting is refused with what was found where, and what is allowed.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.emulator.slippi_preset import RESOLUTIONS
from workers.errors import FarmError
from workers.rendering.chunk import DEFAULT_FRAMES_PER_CHUNK, GOP_FRAMES
from workers.rendering.emulator_setup import EMULATORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_FILE = Path("farm.toml")
FILE_VARIABLE = "FARM_CONFIG"
PREFIX = "FARM_"


class ConfigFailed(FarmError):  # noqa: N818 - named like its siblings
    """A setting is missing, unknown or out of range."""


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError
    return raw.strip()


def _sources(raw: object) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = raw.split(",")
    if not isinstance(raw, list | tuple):
        raise TypeError
    return tuple(_text(source) for source in raw)


def _whole(raw: object) -> int:
    if isinstance(raw, bool | float):
        raise TypeError
    number = int(raw)  # type: ignore[call-overload]
    if number < 1:
        raise ValueError
    return int(number)


def _above_zero(raw: object) -> float:
    number = float(raw)  # type: ignore[arg-type]
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def _chunk(raw: object) -> int:
    number = _whole(raw)
    if number % GOP_FRAMES:
        raise ValueError
    return number


def _emulator(raw: object) -> str:
    if raw not in EMULATORS:
        raise ValueError
    return str(raw)


def _resolution(raw: object) -> str:
    if raw not in RESOLUTIONS:
        raise ValueError
    return str(raw)


def _notice(raw: object) -> str:
    if raw not in ("none", "aws"):
        raise ValueError
    return str(raw)


def _yes_or_no(raw: object) -> bool:
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    return raw if isinstance(raw, bool) else words[str(raw).lower()]


def _path(raw: object) -> Path:
    return Path(_text(str(raw))).expanduser()


@dataclass(frozen=True, slots=True)
class FarmConfig:
    """Every setting of a run on a cluster, as `load_config` checked it; what each means is in SETTINGS.

    Paths and URLs must mean the same on every machine of the cluster.
    """

    replays: tuple[str, ...]
    out: str
    emulator: str = "standin"
    games: int | None = None
    slots: int | None = None
    frames_per_chunk: int = DEFAULT_FRAMES_PER_CHUNK
    stamp: bool = True
    game_image: str | None = None
    slippi_dolphin: Path | None = None
    resolution: str = "480p"
    widescreen: bool = False
    hud: bool = True
    shake: bool = True
    lagless_fod: bool = False
    melee_stamp: bool = False
    scratch: Path | None = None
    address: str | None = None
    notice: str = "none"
    recycle_games: int = 200
    recycle_minutes: float = 240.0
    log_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Setting:
    """How one field of FarmConfig is read and explained."""

    parse: Callable[[object], Any]
    allowed: str
    about: str


_COUNT = "a whole number from 1"
_POSITIVE = "a number above 0"
SETTINGS: Mapping[str, Setting] = {
    "replays": Setting(
        _sources, "folders, files, archives or s3:// prefixes, separated by commas", "Where the replays are."
    ),
    "out": Setting(_text, "a folder or s3://bucket/prefix", "The dataset to make, or to go on with."),
    "emulator": Setting(_emulator, " or ".join(EMULATORS), "Which emulator plays.  [standin]"),
    "games": Setting(_whole, _COUNT, "At most so many games.  [all]"),
    "slots": Setting(_whole, _COUNT, "Emulators side by side; an autoscaler grows to it.  [all there are]"),
    "frames_per_chunk": Setting(_chunk, f"a multiple of {GOP_FRAMES}", "Length of a chunk pair.  [3600]"),
    "stamp": Setting(_yes_or_no, "yes or no", "Whether the stand-in paints its frame stamp.  [yes]"),
    "game_image": Setting(_text, "a file, or standin", "Slippi: your Melee disc image, or our own game."),
    "slippi_dolphin": Setting(
        _path, "a file or folder", "Slippi: the playback Dolphin.  [Slippi Launcher's]"
    ),
    "resolution": Setting(_resolution, " or ".join(RESOLUTIONS), "Slippi: rows.  [480p]"),
    "widescreen": Setting(_yes_or_no, "yes or no", "Slippi: 16:9.  [no]"),
    "hud": Setting(_yes_or_no, "yes or no", "Slippi: timer, percents and stocks.  [yes]"),
    "shake": Setting(_yes_or_no, "yes or no", "Slippi: the camera shakes on hard hits.  [yes]"),
    "lagless_fod": Setting(_yes_or_no, "yes or no", "Slippi: no reflections on the Fountain.  [no]"),
    "melee_stamp": Setting(_yes_or_no, "yes or no", "Slippi: frame numbers in Melee, cropped away.  [no]"),
    "scratch": Setting(_path, "a folder", "Where workers put throw-away files.  [memory]"),
    "address": Setting(
        _text, "host:port, or local to start one", "The Ray cluster's head.  [this machine's, else our own]"
    ),
    "notice": Setting(_notice, "none or aws", "Whose spot notices the workers listen for.  [none]"),
    "recycle_games": Setting(_whole, _COUNT, "Games a worker process does before it is replaced.  [200]"),
    "recycle_minutes": Setting(_above_zero, _POSITIVE, "Minutes that it lives at most.  [240]"),
    "log_seconds": Setting(_above_zero, _POSITIVE, "Between two lines of progress in a log.  [30]"),
}
REQUIRED = ("replays", "out")


def load_config(
    flags: Mapping[str, object], environment: Mapping[str, str], file: Path | None = None
) -> FarmConfig:
    """Read, merge and check the settings.

    Args:
        flags: By name, those that were given; None for one that was not.
        environment: Of the process.
        file: TOML; None for the one that `FARM_CONFIG` names, else `farm.toml` here if there is one.

    Raises:
        ConfigFailed: naming the setting, what was found and where, and what is allowed.
    """
    found: dict[str, tuple[object, str]] = {}
    chosen = file or (Path(environment[FILE_VARIABLE]) if environment.get(FILE_VARIABLE) else None)
    if chosen is not None or DEFAULT_FILE.exists():
        chosen = chosen or DEFAULT_FILE
        found |= {name: (raw, str(chosen)) for name, raw in _read_file(chosen).items()}
    for variable, raw in environment.items():
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name in SETTINGS:
            found[name] = (raw, variable)
    found |= {name: (raw, f"--{name.replace('_', '-')}") for name, raw in flags.items() if raw is not None}
    values: dict[str, Any] = {name: _parse(name, raw, origin) for name, (raw, origin) in found.items()}
    for name in REQUIRED:
        if not values.get(name):
            flag = name.replace("_", "-")
            message = f"{name} is not set; give --{flag}, {PREFIX}{name.upper()}, or {name} in {DEFAULT_FILE}"
            raise ConfigFailed(message)
    return FarmConfig(**values)


def _read_file(path: Path) -> dict[str, object]:
    try:
        table = tomllib.loads(path.read_text())
    except OSError as problem:
        message = f"cannot read the configuration {path}: {problem.strerror}"
        raise ConfigFailed(message) from problem
    except tomllib.TOMLDecodeError as problem:
        message = f"{path} is not TOML: {problem}"
        raise ConfigFailed(message) from problem
    if unknown := sorted(table.keys() - SETTINGS.keys()):
        message = f"{path} sets {', '.join(unknown)}; there are only {', '.join(SETTINGS)}"
        raise ConfigFailed(message)
    return table


def _parse(name: str, raw: object, origin: str) -> Any:
    setting = SETTINGS[name]
    try:
        return setting.parse(raw)
    except (ValueError, TypeError, KeyError) as problem:
        message = f"{name}: got {raw!r} from {origin}; allowed: {setting.allowed}"
        raise ConfigFailed(message) from problem
