"""`farm bench slots`: finds the number of emulators side by side with which this machine renders most."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from farm.machine.capacity import this_machine
from farm.machine.slot_calibration import SlotCalibration, save_calibration
from farm.run import local_slots, run
from farm.run_report import Silence
from farm.settings import RunSettings
from farm.terminal.waiting import waiting
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = """\b
Examples:
  farm bench slots
  farm bench slots --save
  farm bench slots --most 16 --frames 3600 --json
"""
_WORTH_IT = 1.05  # an additional slot must bring this factor, or its memory is better left free


@dataclass(frozen=True, slots=True)
class SlotsTrial:
    """One trial: all games rendered on one number of slots.

    Attributes:
        slots: Number of emulators side by side.
        wall_seconds: Time for all games.
        frames_per_second: Frames of all slots together, including the time of starts and ends of emulators.
    """

    slots: int
    wall_seconds: float
    frames_per_second: float


@click.command(epilog=EXAMPLE)
@click.option(
    "--most", type=click.IntRange(min=1), help="The most slots to try.  [default: the number of cores]"
)
@click.option(
    "--frames",
    type=click.IntRange(min=60),
    default=1800,
    show_default=True,
    help="Length of each game, in frames.",
)
@click.option(
    "--scratch", type=click.Path(file_okay=False, path_type=Path), help="Where throw-away files go."
)
@click.option(
    "--save",
    is_flag=True,
    help="Keep the best number, which `farm slots` prints on this machine from now on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(most: int | None, frames: int, scratch: Path | None, *, save: bool, as_json: bool) -> None:
    """Render the same recorded games on 1, 2, ... slots of this machine, which should do nothing else.

    A node of a cluster should offer the best number as its resource `dolphin`. With --save `farm slots` fills
    it in; in a container FARM_SLOTS_PER_NODE also sets it.
    """
    most = most or os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="farm-measuring-") as folder:
        replays = Path(folder) / "replays"
        replays.mkdir()
        for seed in range(2 * most):
            (replays / f"{seed}.slp").write_bytes(record_match(seed, num_frames=frames))
        with waiting(f"rendering {2 * most} games on 1 to {most} slots", is_measuring=True):
            rows = [
                _measure(replays, Path(folder) / str(slots), slots, scratch) for slots in range(1, most + 1)
            ]
    best = best_number(rows)
    saved = save_calibration(SlotCalibration(best, this_machine(scratch).cores)) if save else None
    if as_json:
        click.echo(json.dumps({"best": best, "measured": [asdict(row) for row in rows]}, indent=2))
        return
    table = Table("slots", "wall time", "frames a second")
    for row in rows:
        table.add_row(f"{row.slots}", f"{row.wall_seconds:.1f} s", f"{row.frames_per_second:,.0f}")
    Console().print(table)
    click.echo(f"best: FARM_SLOTS_PER_NODE={best}")
    if saved:
        click.echo(f"saved in {saved}: `farm slots` goes by it")


def best_number(rows: Sequence[SlotsTrial]) -> int:
    """Return the fewest slots after which another brings no more than noise; `rows` are sorted by slots."""
    best = rows[0]
    for row in rows[1:]:
        if row.frames_per_second > best.frames_per_second * _WORTH_IT:
            best = row
    return best.slots


def _measure(replays: Path, out: Path, slots: int, scratch: Path | None) -> SlotsTrial:
    settings = RunSettings(
        replays=(str(replays),), out=str(out), emulator="standin", slots=slots, scratch=scratch, canary=False
    )
    outcome = run(settings, local_slots(settings, slots), Silence())
    if outcome.exit_status:
        message = f"not every game was rendered on {slots} slots; `farm render` would say why"
        raise click.ClickException(message)
    return SlotsTrial(slots, outcome.wall_seconds, outcome.work.num_frames / outcome.wall_seconds)
