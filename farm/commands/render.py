"""`farm render`: renders replays into a paired dataset on this machine."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from farm.machine.capacity import slots_here
from farm.run import local_slots, run
from farm.terminal.options import run_options, settings_of_run
from farm.terminal.report import TerminalReport
from manifests.store.open import open_store
from workers.rates_job import measure_rates
from workers.scratch import require_parent

if TYPE_CHECKING:
    from pathlib import Path

    from farm.engine.exit_status import ExitStatus
    from farm.settings import RunSettings

EXAMPLE = """\b
Examples:
  farm render --replays ~/Slippi --out melee --game-image melee.iso
  farm render --replays ~/Slippi --out dataset --emulator standin
  farm render --replays ~/Slippi --out melee --game-image melee.iso --budget 300GB
  farm render --replays games.zip --replays more/ --out melee --game-image melee.iso --games 100 --json
"""


@click.command(epilog=EXAMPLE)
@run_options("machine")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome of every game as JSON.")
def command(*, config: Path | None, as_json: bool, **flags: Any) -> None:
    """Render replays into pairs of state and video; run it again to go on where it stopped.

    With a game image, Slippi's playback Dolphin plays Melee; our own game is played only with --emulator
    standin. Every setting can also be given in a file, or in the environment as FARM_ and its name in
    capitals.

    Exit status: 0 all committed, 1 some replay was set aside, 2 not finished.
    """
    settings = settings_of_run(flags, os.environ, config, "farm render")
    sys.exit(render_here(settings, as_json=as_json))


def render_here(settings: RunSettings, *, as_json: bool = False) -> ExitStatus:
    """Render on this machine, with progress on stderr and the outcome on stdout.

    Raises:
        FarmError, DatasetError: as for `farm.run.run`, or --scratch cannot be made.
    """
    require_parent(settings.scratch)
    num_slots = settings.slots or slots_here(settings.scratch, settings.drawn_by)
    with ExitStack() as stack:
        metrics = None
        if settings.metrics_port is not None:
            # Few users want metrics, so their library is imported only for those who do.
            from farm.engine.metrics_server import metrics_server  # noqa: PLC0415

            metrics, port = stack.enter_context(metrics_server(settings.metrics_port))
            click.echo(f"metrics: http://127.0.0.1:{port}/metrics", err=True)
        report = TerminalReport(
            num_slots=num_slots, log_seconds=settings.log_seconds, metrics=metrics, as_json=as_json
        )
        trials = local_slots(settings, num_slots, measure_rates)
        outcome = run(settings, local_slots(settings, num_slots), report, open_trials=trials)
        report.outcome(outcome, open_store(settings.out))
    return outcome.exit_status
