"""`farm plan`: look through replays and write down which become part of the dataset, in which split."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from farm.planning.catalogue import build_catalogue
from farm.planning.player_key import player_key
from farm.planning.selection import Selection
from farm.planning.splits import SplitRule
from farm.run import describe, record_left_out
from farm.terminal.estimate_table import estimate_options, estimates, print_estimate
from farm.terminal.scan_progress import scan_progress
from farm.terminal.slippi_options import chosen_slippi, slippi_options
from manifests.ledger.dataset import open_or_create
from manifests.ledger.plan import append_plan
from manifests.ledger.reasons import Reason
from manifests.store.open import open_store
from workers.job import RenderSettings
from workers.rendering.chunk import DEFAULT_FRAMES_PER_CHUNK
from workers.rendering.emulator_setup import EMULATORS, emulator_setup

if TYPE_CHECKING:
    from farm.planning.catalogue import Catalogue
    from manifests.ledger.plan import PlannedGame

# What was not asked for this time may be asked for the next; the ledger would rule it out for good.
_NOT_FOR_THE_LEDGER = frozenset({Reason.FILTERED, Reason.DUPLICATE})

EXAMPLE = """\b
Examples:
  farm plan --replays ~/Slippi --replays ranked.zip --out dataset --for-training --games 22000
  farm plan --replays 'logs/*.slp.gz' --out dataset --hold-out character=PICHU --dry-run
  farm plan --replays ~/Slippi --out dataset --estimate --slots 6 --core-hour 0.02
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "--replays",
    "sources",
    multiple=True,
    required=True,
    metavar="SOURCE",
    help="Folder, glob, .slp(.gz|.zst), .zip, .tar(.gz) or s3://BUCKET/PREFIX; may be given again.",
)
@click.option("--out", required=True, metavar="DATASET", help="The dataset: a folder or s3://BUCKET/PREFIX.")
@click.option("--games", type=click.IntRange(min=1), help="Only the first N that pass, in order of game_id.")
@click.option(
    "--for-training", is_flag=True, help="People, 8-minute timer, a minute or more, nothing impossible."
)
@click.option("--humans-only", is_flag=True, help="No computer players.")
@click.option("--min-frames", type=click.IntRange(min=0), help="Shortest game.")
@click.option("--min-version", metavar="X.Y", help="Oldest replay format.")
@click.option("--stage", "stages", multiple=True, metavar="NAME", help="Only this stage; may be given again.")
@click.option("--character", "characters", multiple=True, metavar="NAME", help="Only these on both sides.")
@click.option(
    "--val", type=click.FloatRange(0, 1), default=0.05, show_default=True, help="Fraction of pairings."
)
@click.option(
    "--test", type=click.FloatRange(0, 1), help="Fraction of pairings.  [default: 0.05, 0 with --hold-out]"
)
@click.option("--hold-out", multiple=True, metavar="FIELD=VALUE", help="Games with it are the test split.")
@click.option("--emulator", type=click.Choice(EMULATORS), default="standin", show_default=True)
@slippi_options
@click.option(
    "--frames-per-chunk", type=click.IntRange(min=30), default=DEFAULT_FRAMES_PER_CHUNK, show_default=True
)
@click.option("--no-stamp", is_flag=True, help="As for `farm render`: the dataset will have no frame stamp.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that read.  [default: one per CPU]")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write every replay left out as JSON."
)
@estimate_options
@click.option("--dry-run", is_flag=True, help="Look and count, write nothing to the dataset.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(*, out: str, **options: Any) -> None:
    """Look through replays and plan those that can be rendered and are wanted.

    A plan is written once and never changed; planning more replays later appends. Every replay left out has
    its reason. Players are keyed hashes; the key stays under XDG_CONFIG_HOME (or give FARM_PLAYER_KEY).
    """  # fmt: skip
    try:
        selection, splits = _selection(options), _splits(options)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with scan_progress(Console(stderr=True)) as show:
        catalogue = build_catalogue(
            options["sources"], selection, player_key(out),
            splits=splits, num_workers=options["workers"], on_progress=show,
        )  # fmt: skip
    planned: tuple[PlannedGame, ...] = ()
    if options["estimate"]:
        _estimate(catalogue, out, options)
        return
    if not options["dry_run"]:
        settings = RenderSettings(
            out,
            options["emulator"],
            frames_per_chunk=options["frames_per_chunk"],
            stamp=not options["no_stamp"],
            slippi=chosen_slippi(options["emulator"], options),
        )
        store = open_store(out)
        set_up = emulator_setup(settings.emulator, stamp=settings.stamp, slippi=settings.slippi)
        open_or_create(store, describe(settings, set_up, {}))
        record_left_out(
            store, [left for left in catalogue.left_out if left.reason not in _NOT_FOR_THE_LEDGER]
        )
        planned = append_plan(store, catalogue.games, options["frames_per_chunk"])
    if options["report"]:
        rows = [{"source": left.source, "game_id": left.game_id, "reason": left.reason, "detail": left.detail}
                for left in catalogue.left_out]  # fmt: skip
        options["report"].write_text(json.dumps(rows, indent=1) + "\n")
    summary = summarise(catalogue, len(planned))
    if options["as_json"]:
        click.echo(json.dumps(summary))
    else:
        _print(summary, Console())


def _estimate(catalogue: Catalogue, out: str, options: dict[str, Any]) -> None:
    try:
        found = estimates(catalogue.games, out, options)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if options["as_json"]:
        click.echo(json.dumps(found))
    else:
        print_estimate(found, Console())


def _selection(options: dict[str, Any]) -> Selection:
    base = Selection.for_training() if options["for_training"] else Selection()
    min_version = base.min_version
    if options["min_version"]:
        major, _, minor = options["min_version"].partition(".")
        if not (major.isdigit() and minor.isdigit()):
            msg = f"--min-version {options['min_version']!r} is not of the form 3.7"
            raise ValueError(msg)
        min_version = (int(major), int(minor))
    return Selection(
        humans_only=base.humans_only or options["humans_only"],
        min_frames=base.min_frames if options["min_frames"] is None else options["min_frames"],
        min_version=min_version,
        timer_seconds=base.timer_seconds,
        stages=frozenset(name.upper() for name in options["stages"]),
        characters=frozenset(name.upper() for name in options["characters"]),
        sane=base.sane,
        max_games=options["games"],
    )


def _splits(options: dict[str, Any]) -> SplitRule:
    if options["hold_out"]:
        if options["test"]:
            msg = "--hold-out makes the test split; leave out --test"
            raise ValueError(msg)
        return SplitRule.holding_out(*options["hold_out"], val=options["val"])
    return SplitRule(val=options["val"], test=0.05 if options["test"] is None else options["test"])


def summarise(catalogue: Catalogue, num_new: int) -> dict[str, Any]:
    """Counts of a catalogue: games, newly planned ones, frames, by split, and left out by reason."""
    return {
        "games": len(catalogue.games),
        "new": num_new,
        "frames": sum(game.num_frames for game in catalogue.games),
        "splits": dict(sorted(Counter(game.split for game in catalogue.games).items())),
        "beyond_the_first": catalogue.num_beyond,
        "left_out": dict(sorted(Counter(str(left.reason) for left in catalogue.left_out).items())),
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
    console.print(table)
