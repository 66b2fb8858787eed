"""`farm states`: makes a dataset of states alone from replays, on this machine and without an emulator."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from farm.settings import SPLIT_SETTINGS, load_settings
from farm.states_run import run_states
from farm.terminal.options import setting_options, split_settings
from farm.terminal.report import TerminalReport
from farm.terminal.selection_options import chosen_selection, selection_options
from manifests.store.open import open_store

EXAMPLE = """\b
Examples:
  farm states --replays ~/Slippi --out states
  farm states --replays ranked.zip --out s3://bucket/states --for-training --games 22000
"""


@click.command(epilog=EXAMPLE)
@setting_options(("replays", "out", "games"))
@selection_options
@setting_options(SPLIT_SETTINGS)
@setting_options(("frames_per_chunk", "keep_paths", "scratch"))
@click.option("--workers", type=click.IntRange(min=1), help="Processes that read.  [default: one per CPU]")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome of every game as JSON.")
def command(*, workers: int | None, as_json: bool, **options: Any) -> None:
    """Store the states of replays as a dataset without videos; run it again to go on where it stopped.

    The dataset has a plan, splits, a ledger and manifests like a rendered one, and the loader reads it with
    fields that name no video. No emulator is needed, and none runs.

    Exit status: 0 all committed, 1 some replay was set aside, 2 not finished.
    """
    flags, own = split_settings(options)
    settings = load_settings(flags, os.environ, None, emulator="none")
    try:
        selection = chosen_selection(own, settings.games)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    num_workers = workers or os.cpu_count() or 1
    report = TerminalReport(num_slots=num_workers, with_video=False, as_json=as_json)
    outcome = run_states(settings, num_workers, selection, report)
    report.outcome(outcome, open_store(settings.out))
    sys.exit(outcome.exit_status)
