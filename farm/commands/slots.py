"""`farm slots`: prints how many emulators this machine can run side by side."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from farm.machine.capacity import GPU_SLOT, GPU_SLOT_BYTES, Footprint, num_slots, this_machine
from farm.machine.gpu import cards_here, within_gpu_memory
from farm.machine.slot_calibration import saved_calibration
from workers.emulator.drawing import RENDERER_CHOICES, RendererChoice
from workers.emulator.drawing_here import drawing_here

EXAMPLE = """\b
Examples:
  farm slots
  farm slots --renderer gpu
  ray start --address HEAD:6379 --resources "{\\"dolphin\\": $(farm slots)}"
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "--scratch", type=click.Path(file_okay=False, path_type=Path), help="Where throw-away files will go."
)
@click.option(
    "--renderer",
    type=click.Choice(RENDERER_CHOICES),
    default="cpu",
    show_default=True,
    envvar="FARM_RENDERER",
    help="Slippi: who draws; a slot needs fewer cores where a GPU does. `auto` asks the drivers.",
)
@click.option(
    "--cores",
    type=float,
    help=f"Cores that one slot keeps busy.  [default: {Footprint().cores}, {GPU_SLOT.cores} with a GPU, or "
    "as measured]",
)
@click.option(
    "--memory-mib",
    type=int,
    help=f"Memory that one slot needs, in MiB.  [default: {Footprint().memory_bytes >> 20}, "
    f"{GPU_SLOT.memory_bytes >> 20} with a GPU]",
)
@click.option(
    "--scratch-mib",
    type=int,
    default=Footprint().scratch_bytes >> 20,
    show_default=True,
    help="Scratch space that one slot needs, in MiB.",
)
@click.option(
    "--gpu-memory-mib",
    type=click.IntRange(min=1),
    default=GPU_SLOT_BYTES >> 20,
    show_default=True,
    help="Memory of an NVIDIA card that one slot needs, in MiB.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, with the figures that the number follows from."
)
def command(
    scratch: Path | None,
    renderer: RendererChoice,
    cores: float | None,
    memory_mib: int | None,
    scratch_mib: int,
    gpu_memory_mib: int,
    *,
    as_json: bool,
) -> None:
    """Print how many slots fit on this machine, or in its container, by the resource that runs out first.

    A slot is assumed to need one core, unless `farm bench slots --save` has measured the best number here. If
    a GPU draws, a slot also needs a part of the card's memory.
    """
    drawing = drawing_here(renderer)
    usual = GPU_SLOT if drawing.is_gpu else Footprint()
    memory_bytes = usual.memory_bytes if memory_mib is None else memory_mib << 20
    try:
        footprint = Footprint(cores or usual.cores, memory_bytes, scratch_mib << 20)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    machine = this_machine(scratch)
    saved = saved_calibration(machine.cores) if cores is None and not drawing.is_gpu else None
    measured = saved.slots if saved else None
    slots = num_slots(machine, footprint, measured)
    cards = cards_here() if drawing.is_gpu else ()
    slots = within_gpu_memory(slots, cards, gpu_memory_mib << 20)
    if not as_json:
        click.echo(slots)
        return
    parts = {"machine": dataclasses.asdict(machine), "slot": dataclasses.asdict(footprint)}
    gpu = {"renderer": drawing.renderer, "why": drawing.why, "cards_free_bytes": cards}
    click.echo(json.dumps({"slots": slots, "measured": measured, **parts, "gpu": gpu}, indent=2))
