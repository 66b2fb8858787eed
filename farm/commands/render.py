"""`farm render`: replays in, a paired dataset out, on this machine."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from farm.planning.selection import Selection
from farm.run import render
from farm.terminal.progress import progress, tell_failures
from farm.terminal.run_table import print_report, report_as_json
from farm.terminal.scan_progress import scan_progress
from farm.terminal.slippi_options import chosen_slippi, slippi_options
from workers.align.calibration import known_calibrations
from workers.job import RenderSettings
from workers.rendering.chunk import DEFAULT_FRAMES_PER_CHUNK
from workers.rendering.emulator_setup import EMULATORS

if TYPE_CHECKING:
    from farm.engine.metrics import RunMetrics

EXAMPLE = """\b
Examples:
  farm render --replays ~/Slippi --out dataset
  farm render --replays ~/Slippi --out melee --emulator slippi --game-image melee.iso
  farm render --replays games.zip --replays more/ --out dataset --games 100 --json
"""

FILE_WIDTH = 110  # columns, where nobody's terminal sets them


@click.command(epilog=EXAMPLE)
@click.option(
    "--replays",
    "sources",
    multiple=True,
    required=True,
    metavar="SOURCE",
    help="Folder, file, glob or archive of replays; may be given again.",
)
@click.option(
    "--out",
    required=True,
    metavar="DIR",
    help="The dataset: a folder, made if absent, gone on with if present.",
)
@click.option("--emulator", type=click.Choice(EMULATORS), default="standin", show_default=True)
@click.option("--games", type=click.IntRange(min=1), help="Only the first N games that can be rendered.")
@click.option(
    "--slots", type=click.IntRange(min=1), help="Emulators side by side.  [default: half the cores]"
)
@click.option(
    "--frames-per-chunk", type=click.IntRange(min=30), default=DEFAULT_FRAMES_PER_CHUNK, show_default=True
)
@click.option(
    "--no-stamp",
    is_flag=True,
    help="Leave the frame stamp out of the picture (the evidence is weaker without).",
)
@click.option(
    "--scratch",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where throw-away files go.  [default: memory]",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="Serve figures of the run to a Prometheus on this machine; 0 takes any free port.",
)
@slippi_options
@click.option("--json", "as_json", is_flag=True, help="Print the outcome of every game as JSON.")
def command(
    *,
    sources: tuple[str, ...],
    out: str,
    emulator: str,
    games: int | None,
    slots: int | None,
    frames_per_chunk: int,
    no_stamp: bool,
    scratch: Path | None,
    metrics_port: int | None,
    as_json: bool,
    **slippi: Any,
) -> None:
    """Render replays into pairs of state and video; run it again to go on where it stopped.

    Exit status: 0 all committed, 1 some replay was set aside, 2 not finished.
    """
    settings = RenderSettings(
        out,
        emulator,
        scratch_base=scratch,
        frames_per_chunk=frames_per_chunk,
        stamp=not no_stamp,
        slippi=chosen_slippi(emulator, slippi),
        calibrations=known_calibrations(),
    )
    with ExitStack() as stack:
        metrics = None
        if metrics_port is not None:
            # Here, since few ask for it.
            from farm.engine.metrics_server import metrics_server  # noqa: PLC0415

            metrics, port = stack.enter_context(metrics_server(metrics_port))
            click.echo(f"metrics: http://127.0.0.1:{port}/metrics", err=True)
        status = render_and_print(
            sources, settings, games=games, slots=slots, as_json=as_json, metrics=metrics
        )
    sys.exit(status)


def render_and_print(
    sources: tuple[str, ...],
    settings: RenderSettings,
    *,
    games: int | None = None,
    slots: int | None = None,
    as_json: bool = False,
    metrics: RunMetrics | None = None,
) -> int:
    """Render with progress on stderr and the outcome on stdout; return the exit status."""
    errors, output = Console(stderr=True), Console()
    if not output.is_terminal:
        output = Console(width=FILE_WIDTH)
    with scan_progress(errors) as show_scan, progress(errors) as show:
        report = render(
            sources,
            settings,
            num_slots=slots or default_slots(),
            selection=Selection(max_games=games),
            on_scan=show_scan,
            on_counts=show,
            on_failure=tell_failures(errors),
            metrics=metrics,
        )
    if as_json:
        click.echo(report_as_json(report))
    else:
        print_report(report, settings.store_url, output)
    return report.exit_status


def default_slots() -> int:
    """An emulator keeps its own cores and ours about two busy."""
    return max(1, (os.cpu_count() or 1) // 2)
