"""`farm bench roadmap`: estimates the space, days and price of 22,000 games, beside the first estimate."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.table import Table

from farm.bench._capture_ways import WORKER_WAY
from farm.bench._default_trials import default_trials
from farm.machine.capacity import Footprint, Machine, num_slots
from farm.planning.estimate import (
    PRICES_ARE_OF,
    SEED_BYTES,
    SEED_DAYS_ON_ONE,
    SEED_DAYS_ON_SIX,
    Prices,
    Work,
    estimate,
)
from farm.planning.known_paces import STANDIN_PACE, measured_by
from manifests.ledger.plan import num_chunks_of
from workers.rendering.chunk import DEFAULT_FRAMES_PER_CHUNK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.planning.measured_pace import MeasuredPace

EXAMPLE = """\b
Examples:
  farm bench capture --frames 7200 --json > capture.json; farm bench bytes --json > bytes.json
  farm bench roadmap --capture capture.json --bytes bytes.json
"""
_GAMES: Final = 22_000
_FRAMES: Final = 207_000_000
_CORES: Final = 12
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ROOMY: Final = 1 << 50


@dataclass(frozen=True, slots=True)
class RoadmapRow:
    """The time and price of all games on one number of emulators.

    Attributes:
        emulators: number of emulators side by side, on one machine.
        cores: number of cores of that machine, all of which are paid for.
        frames_per_second: pace of one emulator.
        days: until the last game is done.
        dollars: price of the machine.
        aim_days: the project's first figure; None if it had none.
    """

    emulators: int
    cores: int
    frames_per_second: float
    days: float
    dollars: float
    aim_days: float | None


@dataclass(frozen=True, slots=True)
class Roadmap:
    """The estimate for all games, in figures.

    Attributes:
        pace: the source of pace and bytes, in words.
        gigabytes: gigabytes of video and states by CRF; those of the pace if no others were given.
        rows: the time and price, by number of emulators.
        request_dollars: price of all writes and reads of a cloud's store.
        storage_dollars: price of a month's storage of the smallest size in `gigabytes`.
    """

    pace: str
    gigabytes: dict[str, float]
    rows: tuple[RoadmapRow, ...]
    request_dollars: float
    storage_dollars: float


@click.command(epilog=EXAMPLE)
@click.option("--capture", type=_FILE, help="Take the pace from what `farm bench capture --json` printed.")
@click.option(
    "--bytes", "sizes", type=_FILE, help="Take the sizes from what `farm bench bytes --json` printed."
)
@click.option(
    "--games", type=click.IntRange(min=1), default=_GAMES, show_default=True, help="Number of games."
)
@click.option(
    "--frames", type=click.IntRange(min=1), default=_FRAMES, show_default=True, help="Frames of all of them."
)
@click.option(
    "--core-hour", type=click.FloatRange(min=0), default=Prices().core_hour, show_default=True,
    help="Price of a core for an hour, in US dollars.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    *, capture: Path | None, sizes: Path | None, games: int, frames: int, core_hour: float, as_json: bool
) -> None:
    """Estimate what 22,000 games take: space, days on one and on six emulators of 12 cores, and money.

    Without --capture the stand-in's known pace is used. A pace that was measured with one emulator is assumed
    to hold for six, as far as the machine has enough cores.
    """
    try:
        pace = _pace(None if capture is None else json.loads(capture.read_text()))
        by_crf = {} if sizes is None else bytes_by_crf(json.loads(sizes.read_text()))
    except (KeyError, TypeError, ValueError) as problem:
        message = f"--capture and --bytes take what these benches print with --json: {problem!r}"
        raise click.UsageError(message) from problem
    found = roadmap(pace, by_crf, Work(games, frames, chunks_of(games, frames)), Prices(core_hour=core_hour))
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        _print(found, Console())


def roadmap(pace: MeasuredPace, by_crf: dict[str, float], work: Work, prices: Prices) -> Roadmap:
    """Calculate all figures; `by_crf` has bytes of video per frame, or is empty to use the pace's own."""
    slots = num_slots(Machine(_CORES, _ROOMY, _ROOMY), Footprint())
    plans = ((1, 2, SEED_DAYS_ON_ONE), (6, _CORES, SEED_DAYS_ON_SIX), (slots, _CORES, None))
    rows = []
    for emulators, cores, aim in plans:
        each = cores / emulators
        found = estimate(work, measured_by(pace, each), prices, slots=emulators, cores_per_slot=each)
        paced = pace.frames_per_second_on(each)
        rows.append(
            RoadmapRow(emulators, cores, paced, found.hours.usual / 24, found.instance_dollars.usual, aim)
        )
    states = found.states_bytes.usual
    own = {"as measured": found.video_bytes.usual / work.frames}
    gigabytes = {name: (each * work.frames + states) / 1e9 for name, each in (by_crf or own).items()}
    storage = min(gigabytes.values()) * prices.gigabyte_month
    return Roadmap(pace.describe(), gigabytes, tuple(rows), found.request_dollars, storage)


def bytes_by_crf(trials: Sequence[Any]) -> dict[str, float]:
    """Return the bytes per frame by CRF from trials of `farm bench bytes`, at default preset and coding."""
    return {f"CRF {one['crf']:g}": one["bytes_per_frame"] for one in default_trials(trials)}


def chunks_of(games: int, frames: int) -> int:
    """Return the number of chunks of games of equal length."""
    return games * num_chunks_of(-(-frames // games), DEFAULT_FRAMES_PER_CHUNK)


def _pace(capture: Any) -> MeasuredPace:
    if capture is None:
        return STANDIN_PACE
    worker = capture["1"]["ways"][WORKER_WAY]
    return replace(
        STANDIN_PACE,
        origin="bench",
        machine="the machine of --capture",
        slots=1,
        frames_per_second=worker["frames_per_second"]["median"],
        cpu_seconds_per_1000_frames=worker["cpu_seconds_per_1000"]["median"],
    )


def _print(found: Roadmap, console: Console) -> None:
    table = Table("emulators", "cores", "frames/s each", "days", "USD", "expected at first")
    for row in found.rows:
        aim = "" if row.aim_days is None else f"{row.aim_days:.0f} days"
        figures = (f"{row.frames_per_second:.0f}", f"{row.days:.1f}", f"{row.dollars:,.0f}", aim)
        table.add_row(f"{row.emulators}", f"{row.cores}", *figures)
    console.print(table)
    sizes = ", ".join(f"{size:,.0f} GB ({name})" for name, size in found.gigabytes.items())
    store = f"{found.request_dollars:,.2f} USD of requests, {found.storage_dollars:,.2f} USD a month"
    for line in (
        f"Video and states: {sizes}; expected at first: {SEED_BYTES / 1e9:.0f} GB.",
        f"A cloud's store: {store}.",
        f"Pace: {found.pace}.",
        f"Prices: {PRICES_ARE_OF}.",
    ):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
