"""Declares every setting of a run once: its flag, its variable, its place in a file, its allowed values.

    farm.toml           replays = ["s3://bucket/replays"]    a flat table of the settings below
    FARM_REPLAYS=...    the same names in capitals; several replay sources stand on a line each
    --replays ...       the same names again; given once for every source of replays

A flag overrides a variable, and a variable overrides the file. `farm render`, `farm plan` and
`farm/launch.py` read their settings here, so that a setting means the same on a laptop and on a cluster. A
wrong setting is refused with a message that says what was found, where, and what is allowed.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from farm.pools.spot_notice import NOTICES
from farm.setting import (
    Setting,
    one_of,
    read_bytes,
    read_chunk_frames,
    read_count,
    read_crf,
    read_fraction,
    read_path,
    read_port,
    read_positive,
    read_seconds,
    read_sources,
    read_switch,
    read_text,
)
from workers.emulator.contract import EMULATORS
from workers.emulator.drawing import RENDERER_CHOICES
from workers.emulator.slippi_preset import FRAMES_CHOICES, RESOLUTIONS, SlippiPreset
from workers.errors import FarmError
from workers.files.remote import GAME_IMAGE, PROGRAM, check_place
from workers.rendering.chunk import DEFAULT_FRAMES_PER_CHUNK, GOP_FRAMES
from workers.rendering.crf import MAX_CRF, MIN_CRF

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farm.planning.splits import SplitRule
    from workers.align.calibration import Calibration
    from workers.emulator.drawing import RendererChoice
    from workers.emulator.slippi import SlippiDolphin
    from workers.emulator.slippi_preset import FramesChoice, ResolutionName
    from workers.job import RenderSettings

DEFAULT_FILE: Final = Path("farm.toml")
FILE_VARIABLE: Final = "FARM_CONFIG"
PREFIX: Final = "FARM_"
_DECLARATION: Final = "setting"


class SettingsRefused(FarmError):  # noqa: N818 - named like its siblings
    """A setting is missing, unknown, out of its range, or conflicts with another."""


class GameNotNamed(SettingsRefused):
    """The settings name neither a game nor an emulator, so that a run would have to guess what to render."""


def _declared(setting: Setting, default: Any = dataclasses.MISSING) -> Any:
    """Return a field of RunSettings that carries its own declaration."""
    return field(default=default, metadata={_DECLARATION: setting})


def _switch(about: str) -> Setting:
    return Setting(read_switch, "yes or no", about, kind="switch")


_LIVE_SECONDS: Final = 3.0  # the default for a dataset in a folder
_COUNT: Final = "a whole number from 1"
_POSITIVE: Final = "a number above 0"
_FRACTION: Final = "a number from 0 to 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """All settings of a run, checked. Paths and URLs mean the same on every machine that renders.

    Raises:
        SettingsRefused: two settings conflict, or Slippi has no game to play.
    """

    replays: tuple[str, ...] = _declared(
        Setting(
            read_sources,
            "folders, files, globs, archives, s3:// prefixes or hf://datasets/...",
            "Where the replays are; may be given again.",
            kind="several",
            metavar="SOURCE",
        )
    )
    out: str = _declared(
        Setting(
            read_text,
            "a folder or s3://bucket/prefix",
            "The dataset to make, or to go on with.",
            metavar="DATASET",
        )
    )
    emulator: str = _declared(
        Setting(
            one_of(*EMULATORS),
            " or ".join(EMULATORS),
            "The emulator that plays: slippi where a game image or Slippi is named; never guessed.",
            metavar="NAME",
        )
    )
    games: int | None = _declared(Setting(read_count, _COUNT, "Take at most this many games.  [all]"), None)
    split_by: str | None = _declared(
        Setting(
            one_of("pairing", "player"),
            "pairing or player",
            "What is never divided between splits: the games of two players, or (costs "
            "games) those of one player.  [pairing]",
            metavar="WHO",
        ),
        None,
    )
    val: float | None = _declared(
        Setting(
            read_fraction, _FRACTION, "Fraction of pairings, or players, for val.  [0.05]", metavar="FRACTION"
        ),
        None,
    )
    test: float | None = _declared(
        Setting(
            read_fraction,
            _FRACTION,
            "Fraction of pairings, or players, for test.  [0.05, 0 with --hold-out]",
            metavar="FRACTION",
        ),
        None,
    )
    hold_out: tuple[str, ...] = _declared(
        Setting(
            read_sources,
            "character=, stage= or player=, with the value",
            "Games with it are the test split; may be given again.  [none]",
            kind="several",
            metavar="FIELD=VALUE",
        ),
        (),
    )
    slots: int | None = _declared(
        Setting(read_count, _COUNT, "Emulators side by side; a cluster grows to it.  [all that fit]"), None
    )
    frames_per_chunk: int = _declared(
        Setting(read_chunk_frames, f"a multiple of {GOP_FRAMES}", "Frames of a chunk pair.  [3600]"),
        DEFAULT_FRAMES_PER_CHUNK,
    )
    crf: float | None = _declared(
        Setting(
            read_crf,
            f"a number from {MIN_CRF:g} to {MAX_CRF:g}",
            "Constant quality of x264: lower is finer and larger.  [the dataset's own, else 23]",
            metavar="CRF",
        ),
        None,
    )
    budget: int | None = _declared(
        Setting(
            read_bytes,
            "a number of bytes such as 300GB or 1.5TiB",
            "Choose the CRF so that the whole plan fits; a few games are played first to measure.  [none]",
            metavar="BYTES",
        ),
        None,
    )
    stamp: bool = _declared(
        _switch("The stand-in paints a frame stamp into every picture.  [yes]"), default=True
    )
    game_image: str | None = _declared(
        Setting(
            read_text,
            "a file, an s3:// URL, or standin",
            "Slippi: your Melee disc image, or `standin`, our own game.",
            metavar="FILE",
        ),
        None,
    )
    slippi_dolphin: str | None = _declared(
        Setting(
            read_text,
            "a file or folder, or an s3:// URL",
            "Slippi: the playback Dolphin.  [SLIPPI_DOLPHIN, else Slippi Launcher's]",
            metavar="PATH",
        ),
        None,
    )
    resolution: ResolutionName = _declared(
        Setting(
            one_of(*RESOLUTIONS),
            " or ".join(RESOLUTIONS),
            "Slippi: rows of a picture.  [480p]",
            metavar="ROWS",
        ),
        "480p",
    )
    widescreen: bool = _declared(_switch("Slippi: 16:9, which shows more of the stage.  [no]"), default=False)
    hud: bool = _declared(_switch("Slippi: show timer, percents and stocks.  [yes]"), default=True)
    shake: bool = _declared(_switch("Slippi: let hard hits shake the camera.  [yes]"), default=True)
    lagless_fod: bool = _declared(
        _switch("Slippi: leave out the Fountain's reflections, which slow it.  [no]"), default=False
    )
    melee_stamp: bool = _declared(
        _switch(
            "Slippi: paint frame numbers into Melee's pictures for checks, and crop them "
            "away. Untried on Melee.  [no]"
        ),
        default=False,
    )
    frames: FramesChoice = _declared(
        Setting(
            one_of(*FRAMES_CHOICES),
            " or ".join(FRAMES_CHOICES),
            "Slippi: how pictures leave Dolphin: by the preloaded channel, as PNG files, or "
            "(auto) by the channel where it works.  [auto]",
            metavar="WAY",
        ),
        "auto",
    )
    renderer: RendererChoice = _declared(
        Setting(
            one_of(*RENDERER_CHOICES),
            " or ".join(RENDERER_CHOICES),
            "Slippi: what draws: a GPU, the processor (cpu), or (auto) a GPU where one is "
            "found to draw.  [auto]",
            metavar="WHO",
        ),
        "auto",
    )
    canary: bool = _declared(
        _switch("Render one short game on each kind of machine first, and stop if it fails.  [yes]"),
        default=True,
    )
    keep_paths: bool = _declared(
        _switch("Also write down paths of replays that name a player; else only their hashes.  [no]"),
        default=False,
    )
    scratch: Path | None = _declared(
        Setting(read_path, "a folder", "Where workers put throw-away files.  [memory]", metavar="DIR"), None
    )
    recycle_games: int = _declared(
        Setting(read_count, _COUNT, "Replace a worker process after this many games.  [200]"), 200
    )
    log_seconds: float = _declared(
        Setting(
            read_positive,
            _POSITIVE,
            "Seconds between two lines of progress in a log.  [30]",
            metavar="SECONDS",
        ),
        30.0,
    )
    live: float | None = _declared(
        Setting(
            read_seconds,
            "a number from 0",
            "Seconds between two small pictures of each slot for `farm browse`.  [3; 0, for none, on s3://]",
            metavar="SECONDS",
        ),
        None,
    )
    metrics_port: int | None = _declared(
        Setting(
            read_port,
            "a port, or 0 for any free one",
            "Serve the run's figures on this port of this machine, for Prometheus.",
            only="machine",
            metavar="PORT",
        ),
        None,
    )
    address: str | None = _declared(
        Setting(
            read_text,
            "host:port, or local to start a cluster",
            "The Ray cluster's head.  [this machine's, else our own]",
            only="cluster",
            metavar="HOST:PORT",
        ),
        None,
    )
    notice: str = _declared(
        Setting(
            one_of(*NOTICES),
            " or ".join(NOTICES),
            "Whose notices of machines that go away workers listen for.  [none]",
            only="cluster",
            metavar="CLOUD",
        ),
        "none",
    )
    recycle_minutes: float = _declared(
        Setting(
            read_positive,
            _POSITIVE,
            "Replace a worker process after this many minutes.  [240]",
            only="cluster",
            metavar="MINUTES",
        ),
        240.0,
    )

    def __post_init__(self) -> None:
        _ = self.split_rule()
        if self.crf is not None and self.budget is not None:
            message = "--crf and --budget exclude each other: a budget chooses the CRF"
            raise SettingsRefused(message)
        if self.emulator == "standin" and (self.game_image or self.slippi_dolphin):
            message = (
                "--emulator standin plays no disc image, and one is named, or a Slippi Dolphin is; leave out "
                "--emulator standin, or what names them: --game-image (FARM_GAME_IMAGE) and --slippi-dolphin "
                "(FARM_SLIPPI_DOLPHIN)"
            )
            raise SettingsRefused(message)
        if self.emulator == "slippi":
            _ = self.preset()
            if self.game_image is None:
                message = (
                    "--emulator slippi needs a game: give --game-image FILE with your Melee disc image, or "
                    "--game-image standin for our own game"
                )
                raise SettingsRefused(message)
            try:
                check_place(GAME_IMAGE, self.game_image)
                check_place(PROGRAM, self.slippi_dolphin or "")
            except ValueError as problem:
                raise SettingsRefused(str(problem)) from problem

    def split_rule(self) -> SplitRule | None:
        """Return the rule that divides games into train, val and test; None to keep the dataset's own rule.

        Raises:
            SettingsRefused: there is no such rule.
        """
        if not (self.split_by or self.hold_out) and self.val is None and self.test is None:
            return None
        # SplitRule needs libmelee's names, which are not installed on machines that only render.
        from farm.planning.splits import SplitRule  # noqa: PLC0415

        try:
            return SplitRule.chosen(by=self.split_by, val=self.val, test=self.test, hold_out=self.hold_out)
        except ValueError as problem:
            raise SettingsRefused(str(problem)) from problem

    @property
    def drawn_by(self) -> RendererChoice:
        """Which renderer draws the pictures; always the processor for the stand-in on mainline Dolphin."""
        return self.renderer if self.emulator == "slippi" else "cpu"

    def preset(self) -> SlippiPreset:
        """Return the settings for how Melee looks.

        Raises:
            SettingsRefused: two choices conflict.
        """
        try:
            return SlippiPreset(
                resolution=self.resolution,
                widescreen=self.widescreen,
                hud=self.hud,
                shake=self.shake,
                lagless_fod=self.lagless_fod,
                stamp=self.melee_stamp,
            )
        except ValueError as problem:
            raise SettingsRefused(str(problem)) from problem

    def slippi(self) -> SlippiDolphin | None:
        """Return the user's Slippi and game on this machine, fetched if need be; None for another emulator.

        Raises:
            EnvironmentFailed: the playback Dolphin or the game image is missing, or is not the right file.
        """
        return self.render_settings().slippi

    def render_settings(
        self, calibrations: tuple[Calibration, ...] = (), *, is_planning: bool = False
    ) -> RenderSettings:
        """Return the settings that every job of the run is given.

        Args:
            calibrations: what was measured on emulators before.
            is_planning: no game will be played, so nothing is fetched from S3.

        Raises:
            EnvironmentFailed: the game image or the playback Dolphin cannot be fetched.
        """
        # Settings are also read on machines that do not render and lack the packages for it.
        from workers.job import RenderSettings  # noqa: PLC0415
        from workers.rendering.encode import VideoSettings  # noqa: PLC0415
        from workers.rendering.game_image import FetchedParts, fetched_parts, slippi_dolphin  # noqa: PLC0415

        parts, slippi = FetchedParts(), None
        if self.emulator == "slippi":
            assert self.game_image is not None, "settings with Slippi but without a game cannot exist"
            if not is_planning:
                parts = fetched_parts(self.game_image, self.slippi_dolphin)
            slippi = slippi_dolphin(
                self.game_image,
                self.preset(),
                self.slippi_dolphin,
                self.frames,
                self.renderer,
                self.slots,
                parts=parts,
            )
        return RenderSettings(
            self.out,
            self.emulator,
            scratch_base=self.scratch,
            frames_per_chunk=self.frames_per_chunk,
            video=VideoSettings() if self.crf is None else VideoSettings(self.crf),
            stamp=self.stamp,
            slippi=slippi,
            parts=parts,
            calibrations=calibrations,
            live_seconds=self.live_seconds,
        )

    @property
    def live_seconds(self) -> float:
        """Seconds between two notes on a run for people who watch it; 0 for no notes, if each costs money."""
        if self.live is not None:
            return self.live
        return 0.0 if self.out.startswith("s3://") else _LIVE_SECONDS


SETTINGS: Final[Mapping[str, Setting]] = {
    each.name: each.metadata[_DECLARATION] for each in dataclasses.fields(RunSettings)
}
"""The declaration of every setting, by its name."""

REQUIRED: Final = tuple(
    each.name for each in dataclasses.fields(RunSettings) if each.default is dataclasses.MISSING
)

SPLIT_SETTINGS: Final = ("split_by", "val", "test", "hold_out")
"""Names of the settings that say how games are divided into train, val and test."""

SLIPPI_SETTINGS: Final = (
    "game_image", "slippi_dolphin", "resolution", "widescreen", "hud", "shake", "lagless_fod", "melee_stamp",
    "frames", "renderer",
)  # fmt: skip
"""Names of the settings that only Slippi's Dolphin uses."""


def flag_of(name: str) -> str:
    """Return the command line's flag of a setting."""
    return f"--{name.replace('_', '-')}"


def load_settings(
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    file: Path | None = None,
    *,
    is_rendering: bool = True,
    **fixed: object,
) -> RunSettings:
    """Read the run's settings from flags, variables and file, merge and check them.

    Args:
        flags: values of the flags by name; None or an empty tuple for a flag that was not given.
        environment: the process's environment variables.
        file: TOML file; None for the one that FARM_CONFIG names, else `farm.toml` in this folder, if there is
            one.
        is_rendering: the command renders or begins a dataset, so the game must be named; otherwise the
            stand-in is assumed if none is named.
        fixed: settings that the command sets itself, whatever the user gives.

    Raises:
        GameNotNamed: nothing says which game to play.
        SettingsRefused: a setting is wrong; the message names it, what was found and where, and what is
            allowed.
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
    found |= {name: (raw, flag_of(name)) for name, raw in flags.items() if raw is not None and raw != ()}
    values: dict[str, Any] = {name: _parse(name, raw, origin) for name, (raw, origin) in found.items()}
    values |= fixed
    for name in REQUIRED:
        if name not in fixed and name != "emulator" and not values.get(name):
            places = f"{flag_of(name)}, {PREFIX}{name.upper()}, or {name} in {DEFAULT_FILE}"
            message = f"{name} is not set; give {places}"
            raise SettingsRefused(message)
    if "emulator" not in values:
        values["emulator"] = _emulator_for(values, is_rendering=is_rendering)
    elif "emulator" in found and values["emulator"] == "standin":
        _refuse_slippis_own(found)
    return RunSettings(**values)


def _refuse_slippis_own(found: Mapping[str, tuple[object, str]]) -> None:
    """Refuse settings that were given but that the stand-in would silently ignore."""
    # RunSettings itself refuses the game and the program, wherever they were given.
    unheeded = [
        name for name in SLIPPI_SETTINGS if name in found and name not in {"game_image", "slippi_dolphin"}
    ]
    if unheeded:
        given = ", ".join(f"{name} (from {found[name][1]})" for name in unheeded)
        message = f"--emulator standin heeds no {given}: only Slippi does; leave it out"
        raise SettingsRefused(message)


def _emulator_for(values: Mapping[str, Any], *, is_rendering: bool) -> str:
    """Return the emulator of a run that names none: Slippi if its game is named; never a guess."""
    if values.get("game_image") or values.get("slippi_dolphin"):
        return "slippi"
    if is_rendering:
        message = (
            "nothing says which game to play: name your Melee image with --game-image (a file or an s3:// "
            "URL), or ask for our own game with --emulator standin"
        )
        raise GameNotNamed(message)
    return "standin"


def _read_file(path: Path) -> dict[str, object]:
    try:
        table = tomllib.loads(path.read_text())
    except OSError as problem:
        message = f"cannot read the settings in {path}: {problem.strerror}"
        raise SettingsRefused(message) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        message = f"{path} is not TOML: {problem}"
        raise SettingsRefused(message) from problem
    if unknown := sorted(table.keys() - SETTINGS.keys()):
        message = f"{path} sets {', '.join(unknown)}; there are only {', '.join(SETTINGS)}"
        raise SettingsRefused(message)
    return table


def _parse(name: str, raw: object, origin: str) -> Any:
    setting = SETTINGS[name]
    try:
        return setting.parse(raw)
    except (ValueError, TypeError, KeyError) as problem:
        message = f"{name}: got {raw!r} from {origin}; allowed: {setting.allowed}"
        raise SettingsRefused(message) from problem
