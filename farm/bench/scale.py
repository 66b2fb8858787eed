"""`farm bench scale`: measures how time and memory grow with the number of games."""

from __future__ import annotations

import json
import math
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Table

from farm.bench._apart import said_by
from farm.bench._pictures_scratch import scratch_option
from farm.bench._scale_dataset import ExampleGame, write_names
from farm.bench._scale_step import REPLAYS_FOLDER, StepCost
from farm.terminal.waiting import waiting
from manifests.ledger.plan import planned_games
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EXAMPLE = """\b
Examples:
  farm bench scale
  farm bench scale --games 5500 --games 22000 --names 288000 --names 1000000 --json
"""
_STEP_SECONDS: Final = 3600.0
_GAME_FRAMES: Final = 9388  # most frames of the recorded game; the mean of the largest public set
_REPLAY_FRAMES: Final = (
    600  # of each replay that is scanned, so that making them takes no longer than reading
)
_BY_NAMES: Final = ("plan", "resume")
_WHOLE: Final = ("plan", "resume", "finalize", "finalize again", "status", "audit")


@dataclass(frozen=True, slots=True)
class ScaleTrial:
    """One step with one number of games.

    Attributes:
        step: name of the step, one of STEPS.
        games: number of games.
        cost: time and memory of the step.
    """

    step: str
    games: int
    cost: StepCost


@dataclass(frozen=True, slots=True)
class Growth:
    """How a step's cost grows between its two largest numbers of games.

    Attributes:
        step: name of the step.
        exponent: e, if processor time grows as games to the power of e; 1 is linear.
        kilobytes_per_game: additional memory of the larger, for each additional game.
    """

    step: str
    exponent: float
    kilobytes_per_game: float


@click.command(epilog=EXAMPLE)
@click.option(
    "--games",
    "sizes",
    multiple=True,
    type=click.IntRange(min=2),
    default=(500, 2000, 8000),
    show_default=True,
    help="Take every step with a whole dataset of this many games; may be given again.",
)
@click.option(
    "--names",
    "large",
    multiple=True,
    type=click.IntRange(min=2),
    help="Plan this many games, and list a ledger with empty entries for half of them; may be given again.",
)
@click.option(
    "--replays",
    "scans",
    multiple=True,
    type=click.IntRange(min=2),
    default=(100, 400),
    show_default=True,
    help=f"Scan this many recorded replays of {_REPLAY_FRAMES} frames; may be given again.",
)
@scratch_option
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    sizes: tuple[int, ...],
    large: tuple[int, ...],
    scans: tuple[int, ...],
    scratch: Path | None,
    *,
    as_json: bool,
) -> None:
    """Measure planning, resuming, finalize, status and audit with many games, each in a process of its own.

    The datasets hold one recorded game's entry repeatedly, under other ids, in a local folder. A game takes 7
    files and about 60 kB of scratch space while its size is measured.
    """
    example = ExampleGame.recorded(_GAME_FRAMES)
    with waiting("making and measuring datasets", is_measuring=True):
        trials: list[ScaleTrial] = []
        for measuring in (
            *(_scanned(number, scratch) for number in sorted(scans)),
            *(_taken(example, games, scratch, _WHOLE) for games in sorted(sizes)),
            *(_taken(example, games, scratch, _BY_NAMES) for games in sorted(large)),
        ):
            try:
                trials += measuring
            except EnvironmentFailed as problem:  # the measurements may have taken an hour, so they are kept
                click.echo(f"Warning: {problem}", err=True)
    if not trials:
        message = "nothing could be measured"
        raise click.ClickException(message)
    growths = growths_of(trials)
    if as_json:
        found = {
            "measured": [asdict(trial) for trial in trials],
            "growth": [asdict(growth) for growth in growths],
        }
        click.echo(json.dumps(found, indent=2))
        return
    console = Console()
    console.print(_table(trials))
    for growth in growths:
        console.print(
            f"{growth.step}: time grows as games^{growth.exponent:.2f}, memory by "
            f"{growth.kilobytes_per_game:.2f} kB a game",
            highlight=False,
        )


def growths_of(trials: Sequence[ScaleTrial]) -> list[Growth]:
    """Return how each step's cost grows from its second largest number of games to its largest."""
    found = []
    for step in dict.fromkeys(trial.step for trial in trials):
        own = sorted((trial for trial in trials if trial.step == step), key=lambda trial: trial.games)
        if len(own) > 1:
            less, more = own[-2:]
            ratio = more.cost.cpu_seconds / max(less.cost.cpu_seconds, 1e-3)
            grown = more.cost.megabytes_peak - less.cost.megabytes_peak
            exponent = math.log(ratio) / math.log(more.games / less.games)
            found.append(Growth(step, exponent, grown * 1000 / (more.games - less.games)))
    return found


def _scanned(number: int, scratch: Path | None) -> Iterable[ScaleTrial]:
    with tempfile.TemporaryDirectory(prefix="farm-measuring-", dir=scratch) as name:
        replays = Path(name) / REPLAYS_FOLDER
        replays.mkdir()
        for seed in range(number):
            (replays / f"{seed:06d}.slp").write_bytes(record_match(seed, num_frames=_REPLAY_FRAMES))
        yield ScaleTrial("scan", number, _apart("scan", Path(name), number))


def _taken(
    example: ExampleGame, games: int, scratch: Path | None, steps: Sequence[str]
) -> Iterable[ScaleTrial]:
    """Measure the steps one after another on one dataset, which is filled after it is planned."""
    with tempfile.TemporaryDirectory(prefix="farm-measuring-", dir=scratch) as name:
        folder = Path(name)
        (folder / "num_frames").write_text(f"{example.entry.num_frames}")
        for step in steps:
            yield ScaleTrial(step, games, _apart(step, folder, games))
            if step == "plan":
                planned = planned_games(open_store(folder / "dataset"))
                if steps == _WHOLE:
                    example.write_files(folder / "dataset", planned)
                else:
                    write_names(folder / "dataset", planned)


def _apart(step: str, folder: Path, games: int) -> StepCost:
    # -P: use the installed package, and not a folder of the same name in the current one.
    words = [sys.executable, "-P", "-m", "farm.bench._scale_step", step, str(folder), str(games)]
    try:
        return StepCost(**json.loads(said_by(words, _STEP_SECONDS)))
    except EnvironmentFailed as problem:
        message = f"{step} with {games:,} games: {problem}"
        raise EnvironmentFailed(message) from problem


def _table(trials: Sequence[ScaleTrial]) -> Table:
    table = Table("step", "games", "CPU s", "ms a game", "wall s", "MB", "MB more than at first")
    for trial in trials:
        cost = trial.cost
        table.add_row(
            trial.step,
            f"{trial.games:,}",
            f"{cost.cpu_seconds:.2f}",
            f"{cost.cpu_seconds / trial.games * 1000:.3f}",
            f"{cost.wall_seconds:.2f}",
            f"{cost.megabytes_peak:.0f}",
            f"{cost.megabytes_peak - cost.megabytes_before:.0f}",
        )
    return table
