"""`farm plan`: scans replays and writes down which become part of the dataset, and in which split."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from farm.budget import settled_video
from farm.machine.capacity import slots_here
from farm.planning.catalogue import build_catalogue
from farm.planning.dataset_plan import (
    begin_dataset,
    hold_against_plan,
    key_of_dataset,
    rule_of_dataset,
    write_plan,
)
from farm.planning.nothing_found import refuse_nothing
from farm.run import local_slots
from farm.settings import SPLIT_SETTINGS, load_settings
from farm.terminal.estimate_table import estimate_options, estimates, print_estimate
from farm.terminal.options import setting_options, slippi_options, split_settings
from farm.terminal.output_file import refuse_other_content
from farm.terminal.report import TerminalReport
from farm.terminal.scan_progress import scan_progress
from farm.terminal.selection_options import chosen_selection, selection_options
from manifests.store.canonical_json import to_plain
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed
from workers.rates_job import measure_rates

if TYPE_CHECKING:
    from farm.planning.catalogue import Catalogue
    from farm.settings import RunSettings
    from manifests.ledger.plan import PlannedGame
    from manifests.store.contract import Store
    from workers.job import RenderSettings

EXAMPLE = """\b
Examples:
  farm plan --replays ~/Slippi --replays a.zip --out dataset --for-training --game-image melee.iso
  farm plan --replays 'logs/*.slp.gz' --out dataset --hold-out character=PICHU --dry-run
  farm plan --replays ~/Slippi --out dataset --estimate --slots 6 --core-hour 0.02
"""


@click.command(epilog=EXAMPLE)
@setting_options(("replays", "out", "games"))
@selection_options
@setting_options(SPLIT_SETTINGS)
@setting_options(("emulator", "frames_per_chunk", "crf", "budget", "stamp", "slots", "keep_paths"))
@slippi_options
@click.option("--workers", type=click.IntRange(min=0), help="Processes that read.  [default: one per CPU]")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write every replay left out as JSON."
)
@estimate_options
@click.option("--dry-run", is_flag=True, help="Look and count, write nothing to the dataset.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(**options: Any) -> None:
    """Look through replays and plan those that can be rendered and are wanted.

    Games are planned in order of game_id, which is as good as random. A plan is written once and never
    changed; planning more replays later appends. Every replay left out has its reason. Players are keyed
    hashes; the key stays under XDG_CONFIG_HOME (or give FARM_PLAYER_KEY). The rule by which games are divided
    is written down with the dataset, and holds for every later plan and run.
    """  # fmt: skip
    flags, options = split_settings(options)
    _check_report(options["report"])
    is_beginning = not (options["dry_run"] or options["estimate"])
    settings = load_settings(flags, os.environ, is_rendering=is_beginning)
    if options["estimate"] and settings.budget is not None:
        message = "--estimate measures nothing, so it heeds no --budget: use --dry-run --budget"
        raise click.UsageError(message)
    try:
        selection = chosen_selection(options, settings.games)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    store = open_store(settings.out)
    key = key_of_dataset(store, settings.out)
    splits = rule_of_dataset(store, settings.split_rule())
    with scan_progress(Console(stderr=True)) as show:
        catalogue = build_catalogue(
            settings.replays, selection, key,
            splits=splits, num_workers=options["workers"],
            keep_paths=settings.keep_paths, on_progress=show,
        )  # fmt: skip
    try:
        refuse_nothing(catalogue)
    except EnvironmentFailed:
        _tell(catalogue, 0, options)
        raise
    for warning in catalogue.warnings:
        click.echo(f"Warning: {warning}.", err=True)
    planned: tuple[PlannedGame, ...] = ()
    if options["dry_run"] or options["estimate"]:
        catalogue, _ = hold_against_plan(store, catalogue)
    if options["estimate"]:
        _estimate(catalogue, settings, options)
        return
    # A budget is measured with the emulator, so it must be on this machine; without a budget it need not be.
    for_jobs = None
    if is_beginning or settings.budget is not None:
        for_jobs = settings.render_settings(is_planning=settings.budget is None)
        for_jobs = _settled(settings, for_jobs, store, catalogue, as_json=options["as_json"])
    if for_jobs is not None and not options["dry_run"]:
        # The first run adds the fingerprint.
        set_up = for_jobs.set_up()
        begin_dataset(store, for_jobs, set_up, {}, key, splits)
        planned, catalogue = write_plan(store, catalogue, settings.frames_per_chunk)
    _tell(catalogue, len(planned), options)


def _settled(
    settings: RunSettings, for_jobs: RenderSettings, store: Store, catalogue: Catalogue, *, as_json: bool
) -> RenderSettings:
    """Settle the CRF; this needs this machine's emulator only if there is a budget to keep."""
    num_slots = 1
    if settings.budget is not None:
        for_jobs.set_up().emulator.check()
        num_slots = settings.slots or slots_here(settings.scratch, settings.drawn_by)
    report = TerminalReport(num_slots=num_slots, as_json=as_json)
    trials = local_slots(settings, num_slots, measure_rates)
    return settled_video(settings, for_jobs, store, catalogue, trials, report)


def _tell(catalogue: Catalogue, num_new: int, options: dict[str, Any]) -> None:
    if options["report"]:
        rows = [{"source": left.source, "game_id": left.game_id, "reason": left.reason, "detail": left.detail}
                for left in catalogue.left_out]  # fmt: skip
        _write_report(options["report"], json.dumps(rows, indent=1) + "\n")
    summary = summarise(catalogue, num_new)
    if options["as_json"]:
        click.echo(json.dumps(summary))
    else:
        _print(summary, Console())


def _write_report(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        message = f"{path}: {error.strerror}; the plan is written: give another --report, and plan again"
        raise EnvironmentFailed(message) from error


def _check_report(path: Path | None) -> None:
    """Refuse, before anything is planned, a report file that could not be written at the end."""
    if path is None:
        return
    if not path.absolute().parent.is_dir():
        message = f"--report {path}: there is no folder {path.parent}"
        raise click.UsageError(message)
    refuse_other_content(path, b"[", "a report")


def _estimate(catalogue: Catalogue, settings: RunSettings, options: dict[str, Any]) -> None:
    try:
        found = estimates(catalogue.games, settings, options)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if options["as_json"]:
        click.echo(json.dumps(found))
    else:
        print_estimate(found, Console())


def summarise(catalogue: Catalogue, num_new: int) -> dict[str, Any]:
    """Return a catalogue's counts: games, new ones, frames, by split, left out by reason; and warnings."""
    return {
        "games": len(catalogue.games),
        "new": num_new,
        "frames": sum(game.num_frames for game in catalogue.games),
        "split_rule": to_plain(catalogue.splits.to_contract()),
        "splits": dict(sorted(Counter(game.split for game in catalogue.games).items())),
        "beyond_the_first": catalogue.num_beyond,
        "largest_pairing": catalogue.largest_pairing,
        "warnings": list(catalogue.warnings),
        "left_out": dict(sorted(Counter(str(left.reason) for left in catalogue.left_out).items())),
        "passed_over": catalogue.num_passed_over,
    }


def _print(summary: dict[str, Any], console: Console) -> None:
    table = Table("what", "count")
    table.add_row("games that pass", f"{summary['games']:,}")
    table.add_row("newly planned", f"{summary['new']:,}")
    table.add_row("frames", f"{summary['frames']:,}")
    for split, count in summary["splits"].items():
        table.add_row(f"for {split}", f"{count:,}")
    if summary["beyond_the_first"]:
        table.add_row("pass, but beyond --games", f"{summary['beyond_the_first']:,}")
    for reason, count in summary["left_out"].items():
        table.add_row(f"left out: {reason}", f"{count:,}")
    if summary["passed_over"]:
        table.add_row("other files passed over", f"{summary['passed_over']:,}")
    console.print(table)
