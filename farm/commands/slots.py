"""`farm slots`: how many emulators this machine can run side by side."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from farm.machine.capacity import Footprint, num_slots, this_machine
from farm.machine.slot_calibration import saved_calibration

EXAMPLE = """\b
Examples:
  farm slots
  ray start --address HEAD:6379 --resources "{\\"dolphin\\": $(farm slots)}"
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "--scratch", type=click.Path(file_okay=False, path_type=Path), help="Where throw-away files will go."
)
@click.option(
    "--cores",
    type=float,
    help=f"Cores that one slot keeps busy.  [default: {Footprint().cores}, or as measured]",
)
@click.option(
    "--memory-mib",
    type=int,
    default=Footprint().memory_bytes >> 20,
    show_default=True,
    help="Memory that one slot needs, in MiB.",
)
@click.option(
    "--scratch-mib",
    type=int,
    default=Footprint().scratch_bytes >> 20,
    show_default=True,
    help="Scratch space that one slot needs, in MiB.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON what the number follows from, too.")
def command(
    scratch: Path | None, cores: float | None, memory_mib: int, scratch_mib: int, *, as_json: bool
) -> None:
    """Print how many slots fit this machine, or the container this runs in, by whatever runs out first.

    A slot is taken to need two cores, unless `farm bench slots --save` measured what is best here.
    """
    try:
        footprint = Footprint(cores or Footprint().cores, memory_mib << 20, scratch_mib << 20)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    machine = this_machine(scratch)
    saved = saved_calibration(machine.cores) if cores is None else None
    measured = saved.slots if saved else None
    slots = num_slots(machine, footprint, measured)
    if not as_json:
        click.echo(slots)
        return
    parts = {"machine": dataclasses.asdict(machine), "slot": dataclasses.asdict(footprint)}
    click.echo(json.dumps({"slots": slots, "measured": measured, **parts}, indent=2))
