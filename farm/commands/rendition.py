"""`farm rendition`: makes a smaller copy of a dataset, with the same frames, beside it."""

from __future__ import annotations

import os
import sys

import click

from farm.rendition_run import run_rendition
from farm.terminal.picture_size import read_size
from farm.terminal.report import TerminalReport
from manifests.store.open import open_store

EXAMPLE = """\b
Examples:
  farm rendition dataset --size 288x384
  farm rendition dataset --size 288x384 --fps 20
  farm rendition s3://bucket/melee --size 64x128 --out small
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--size", required=True, metavar="ROWSxCOLUMNS", help="Size of the pictures, both even.")
@click.option("--fps", type=click.IntRange(min=1), help="Pictures a second, a divisor of 60.  [default: all]")
@click.option(
    "--out", metavar="OUT", help="The dataset to make.  [default: DATASET-ROWSxCOLUMNS, with -FPSfps]"
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes side by side.  [default: one per CPU]")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome of every game as JSON.")
def command(
    *, dataset: str, size: str, fps: int | None, out: str | None, workers: int | None, as_json: bool
) -> None:
    """Make a second dataset with smaller pictures from the committed games of DATASET (a folder or URL).

    The second dataset has the same games, frames, states and splits. With --fps 20, every third frame has a
    picture, beginning with the first frame of each chunk; the states and inputs of all frames stay. Every
    picture is proved again before it is resized: files by their sha256, key frames by their marks, and
    pictures by their stamps if they have any. Run the command again to go on.

    Exit status: 0 all committed, 1 some game was set aside, 2 not finished.
    """
    num_workers = workers or os.cpu_count() or 1
    report = TerminalReport(num_slots=num_workers, with_video=False, as_json=as_json)
    where = out or f"{dataset.rstrip('/')}-{size}{'' if fps is None else f'-{fps}fps'}"
    try:
        outcome = run_rendition(dataset, where, read_size(size), fps, num_workers, report)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    report.outcome(outcome, open_store(where))
    sys.exit(outcome.exit_status)
