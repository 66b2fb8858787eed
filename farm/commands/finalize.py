"""`farm finalize`: compile what is done so far into the manifests."""

from __future__ import annotations

import json

import click
from rich.console import Console

from manifests.canonical_json import to_plain
from manifests.finalize import Finalized, finalize
from manifests.store import open_store

EXAMPLE = """\b
Examples:
  farm finalize dataset
  farm finalize dataset --from-scratch --json
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--from-scratch", is_flag=True, help="Read every ledger entry again, not only the new ones.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(dataset: str, from_scratch: bool, as_json: bool) -> None:
    """Compile the ledger of DATASET (a folder or URL) into a new snapshot of its Parquet manifests.

    It may run at any time, also while games are rendered; it reads only what is new, and does nothing if
    nothing is.
    """
    with Console(stderr=True).status("compiling the ledger"):
        done = finalize(open_store(dataset), from_scratch=from_scratch)
    if as_json:
        click.echo(json.dumps(to_plain(done), indent=2))
    else:
        _print(done)


def _print(done: Finalized) -> None:
    totals, number = done.snapshot.totals, done.snapshot.number
    click.echo(
        f"manifest/{number:04d} ({'new' if done.is_new else 'unchanged'}): {totals.num_committed:,} games, "
        f"{totals.num_chunks:,} chunks, {totals.num_frames:,} frames, {totals.video_bytes / 1e6:,.1f} MB of "
        f"video; {totals.num_set_aside:,} set aside"
    )
    for reason, count in totals.rejects.items():
        click.echo(f"  {reason}: {count:,}")
