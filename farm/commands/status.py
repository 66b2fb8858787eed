"""`farm status`: how far a dataset has come."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console
from rich.table import Table

from manifests.canonical_json import to_plain
from manifests.dataset import read_description
from manifests.status import DatasetStatus, dataset_status
from manifests.store import open_store

EXAMPLE = """\b
Examples:
  farm status dataset
  farm status dataset --json
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def command(dataset: str, as_json: bool) -> None:
    """Say how far DATASET (a folder or URL) has come, from its store alone, on any machine, at any time."""
    store = open_store(dataset)
    read_description(store)
    with Console(stderr=True).status("reading the ledger"):
        status = dataset_status(store)
    if as_json:
        click.echo(json.dumps(to_plain(status), indent=2))
    else:
        Console().print(_table(status))


def _table(status: DatasetStatus) -> Table:
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = [
        ("planned", f"{status.num_planned:,} games, {status.frames_planned:,} frames"),
        ("committed", f"{status.num_committed:,} games, {status.num_frames:,} frames"),
        ("chunks", f"{status.num_chunks:,}"),
        ("video", f"{status.video_bytes / 1e6:,.1f} MB"),
        ("states", f"{status.states_bytes / 1e6:,.1f} MB"),
        ("set aside", f"{status.num_set_aside:,}"),
        *((f"  {reason}", f"{count:,}") for reason, count in status.rejects.items()),
        ("pending", f"{status.num_pending:,} games"),
        ("pace", f"{status.games_per_hour:,.0f} games an hour"),
        ("last game ended", _moment(status.newest_entry_at)),
        ("time left", _duration(status)),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _moment(seconds: float | None) -> str:
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(" ", "seconds")


def _duration(status: DatasetStatus) -> str:
    if status.seconds_left is None:
        return "-"
    return str(timedelta(seconds=round(status.seconds_left)))
