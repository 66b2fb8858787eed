"""`farm bench align`: measures which evidence catches which fault, what motion alone tells, and the cost."""

from __future__ import annotations

import json
import resource
import tempfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.progress import track

from farm.bench._align_tables import cost_table, fault_table, json_report, shift_table, survivors
from farm.bench._observed import load, observe, save
from farm.bench._trials import GameTrials, try_game
from workers.align.calibration import calibration_file, load_calibration, store_calibration
from workers.align.game_notes import Expectations
from workers.emulator.contract import EMULATORS, Deadlines
from workers.emulator.slippi_preset import SlippiPreset
from workers.errors import ReplayRefused
from workers.rendering.calibrate import measure_constants
from workers.rendering.emulator_setup import emulator_setup
from workers.rendering.game_image import STANDIN, slippi_dolphin
from workers.replay import read_replay
from workers.replay.renderable import renderable
from workers.scratch import scratch
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from farm.bench._observed import ObservedGame
    from manifests.state.table import StateTable
    from workers.rendering.emulator_setup import EmulatorSetup

_FIRST_SEED: Final = 1000
_SHORT_FRAMES, _LONG_FRAMES = 1323, 5523  # of recorded games: 20 s of play, and enough for two 60 s chunks
_EVERY_FIFTH: Final = 5
_QUICK_RECORDED, _QUICK_PLACES = 4, 2

EXAMPLE = """\b
Examples:
  farm bench align --quick
  farm bench align --replays ~/Slippi --recorded 50 --keep observed
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A replay to observe: a file, or the seed of a recorded one."""

    name: str
    data: bytes

    def state(self) -> StateTable:
        """Read the replay into its state table.

        Raises:
            ReplayRefused: the replay cannot be rendered.
        """
        return renderable(read_replay(self.data))


@click.command(epilog=EXAMPLE)
@click.option(
    "--replays",
    type=click.Path(exists=True, path_type=Path),
    default=None,
    help="Folder of .slp files to render as well as the recorded games.",
)
@click.option("--recorded", type=click.IntRange(0), default=50, show_default=True, help="Games to record.")
@click.option(
    "--places", type=click.IntRange(1), default=10, show_default=True, help="Random places for each fault."
)
@click.option("--quick", is_flag=True, help=f"Only {_QUICK_RECORDED} recorded games, {_QUICK_PLACES} places.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder in which observed games are kept, so that a second run need not render them again.",
)
@click.option(
    "--emulator", type=click.Choice(EMULATORS), default="standin", show_default=True, help="Who renders."
)
@click.option(
    "--slippi-dolphin",
    "program",
    type=click.Path(path_type=Path),
    help="Slippi: the playback Dolphin.  [SLIPPI_DOLPHIN]",
)
@click.option("--processes", type=click.IntRange(1), default=2, show_default=True, help="Games at once.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
def command(
    *,
    replays: Path | None,
    recorded: int,
    places: int,
    quick: bool,
    keep: Path | None,
    emulator: str,
    program: Path | None,
    processes: int,
    as_json: bool,
) -> None:
    """Render games once, then put every kind of fault into them, and see which evidence notices.

    It prints three tables: fault by evidence (caught, missed, abstained, false alarms on clean games, frames
    until noticed); motion alone under random shifts of -30 to +30 frames, clean and disturbed; and the
    processor time that evidence adds to rendering and encoding.
    """
    if quick:
        recorded, places = min(recorded, _QUICK_RECORDED), min(places, _QUICK_PLACES)
    console = Console(stderr=as_json)
    sources = _sources(replays, recorded, console)
    with tempfile.TemporaryDirectory() as temporary, ProcessPoolExecutor(processes) as pool:
        folder = Path(temporary) if keep is None else keep
        folder.mkdir(parents=True, exist_ok=True)
        set_up = _set_up(emulator, program)
        expectations = _expectations(set_up)
        rendered = pool.map(_observe_once, sources, [folder] * len(sources), [set_up] * len(sources))
        seconds = list(
            track(rendered, "rendering", len(sources), console=console, disable=not console.is_terminal)
        )
        others = [*sources[1:], *sources[:1]]
        tried = pool.map(
            _try_once,
            sources,
            others,
            [folder] * len(sources),
            [expectations] * len(sources),
            [places] * len(sources),
        )
        trials = list(track(tried, "faults", len(sources), console=console, disable=not console.is_terminal))
    _report(trials, [each for each in seconds if each is not None], console, as_json=as_json)


def _report(
    trials: list[GameTrials],
    seconds: list[tuple[int, float, float, float]],
    console: Console,
    *,
    as_json: bool,
) -> None:
    if as_json:
        click.echo(json.dumps(json_report(trials, seconds), sort_keys=True))
        return
    console.print(fault_table(trials))
    console.print(shift_table(trials))
    console.print(cost_table(trials, seconds))
    for line in survivors(trials):
        console.print(line)


def _sources(replays: Path | None, recorded: int, console: Console) -> list[Source]:
    """Return every renderable file, then the recorded games, one in five of which has two chunks."""
    sources = []
    for file in sorted(replays.glob("*.slp")) if replays is not None else ():
        source = Source(file.stem, file.read_bytes())
        try:
            source.state()
        except ReplayRefused as refusal:
            console.print(f"{file.name}: left out, {refusal}")
            continue
        sources.append(source)
    for number in range(recorded):
        num_frames = _SHORT_FRAMES if number % _EVERY_FIFTH else _LONG_FRAMES
        data = record_match(_FIRST_SEED + number, num_frames=num_frames)
        sources.append(Source(f"recorded-{_FIRST_SEED + number}", data))
    return sources


def _set_up(emulator: str, program: Path | None) -> EmulatorSetup:
    """Return the emulator, with the stand-in as its game; Slippi's uses the frame channel."""
    is_slippi = emulator == "slippi"
    slippi = slippi_dolphin(STANDIN, SlippiPreset(), program, "channel") if is_slippi else None
    set_up = emulator_setup(emulator, slippi=slippi)
    set_up.emulator.check()
    return set_up


def _expectations(set_up: EmulatorSetup) -> Expectations:
    """Return the emulator's constants: as calibrated, or measured now; Slippi's needs none."""
    if set_up.emulator.name == "slippi":
        return set_up.collector().expectations
    calibration = load_calibration(calibration_file(), set_up.fingerprint())
    if calibration is None:
        calibration, _ = measure_constants(set_up, Deadlines())
        store_calibration(calibration_file(), calibration)
    return Expectations(
        expected_lag=calibration.log_lag,
        least_gain=calibration.least_gain,
        usual_camera=calibration.usual_camera,
    )


def _observe_once(
    source: Source, folder: Path, set_up: EmulatorSetup
) -> tuple[int, float, float, float] | None:
    """Render a game unless that was done; return its pictures and the time of emulator, rest and evidence."""
    file = folder / f"{source.name}.npz"
    if file.exists():
        return None
    state = source.state()
    before = _children_seconds()
    with (
        scratch(None) as room,
        set_up.emulator.play(set_up.boot_image(read_replay(source.data), state), room, Deadlines()) as events,
    ):
        game = observe(source.name, state, events, set_up.collector(), room)
    save(game, file)
    emulator = _children_seconds() - before
    return game.num_pictures, emulator, game.other_seconds, game.evidence_seconds


def _try_once(
    source: Source, other: Source, folder: Path, expectations: Expectations, places: int
) -> GameTrials:
    games: list[ObservedGame] = [
        load(each.name, each.state(), folder / f"{each.name}.npz") for each in (source, other)
    ]
    return try_game(games[0], games[1], expectations, places, zlib.crc32(source.name.encode()))


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
