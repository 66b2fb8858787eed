"""`farm status`: shows how much of a dataset is done."""

from __future__ import annotations

import json
import math
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from farm.amounts import dollars_text, hours_text, number_of, size_text
from farm.browse.live.dataset_progress import DatasetProgress, Observer, dataset_progress
from manifests.ledger.dataset import read_description
from manifests.state.schema import FRAMES_PER_SECOND
from manifests.store.canonical_json import to_plain
from manifests.store.open import open_store

if TYPE_CHECKING:
    from manifests.snapshot.status import DatasetStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.store.contract import Store

EXAMPLE = """\b
Examples:
  farm status dataset
  farm status dataset --json
  farm status s3://bucket/melee --watch --every 30
"""
_BARS = " ▁▂▃▄▅▆▇█"


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--watch", is_flag=True, help="Go on until every planned game has an end, or Ctrl-C.")
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds between looks."
)
@click.option("--at-most", type=click.FloatRange(min=0), metavar="MINUTES", help="Watch no longer than that.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON; with --watch a line each.")
def command(dataset: str, *, watch: bool, every: float, at_most: float | None, as_json: bool) -> None:
    """Show how much of DATASET (a folder or URL) is done, from its store alone, on any machine, at any time.

    The cost is that of the committed games at their own pace and at list prices; see `farm plan --estimate`.
    Without a terminal, --watch prints only when something has changed.
    """
    store = open_store(dataset)
    read_description(store)
    errors = Console(stderr=True)
    if not watch:
        with errors.status("reading the ledger"):
            found = dataset_progress(store)
        if as_json:
            click.echo(json.dumps(_plain(found), indent=2))
        else:
            Console().print(_table(found))
        return
    deadline = float("inf") if at_most is None else time.monotonic() + at_most * 60
    try:
        _watch(store, every, deadline, as_json=as_json)
    except KeyboardInterrupt:
        errors.print("stopped watching; the run goes on")


def _watch(store: Store, every: float, deadline: float, *, as_json: bool) -> None:
    console = Console()
    if as_json or not console.is_terminal:
        shown = None
        for found in _until_done(store, every, deadline):
            line = json.dumps(_plain(found)) if as_json else _line(found)
            if line != shown:
                click.echo(line)
            shown = line
        return
    with Live(console=console, auto_refresh=False) as live:
        for found in _until_done(store, every, deadline):
            live.update(_table(found), refresh=True)


def _until_done(store: Store, every: float, deadline: float) -> Iterator[DatasetProgress]:
    """Yield a DatasetProgress every so many seconds; the last one when nothing is pending or time is up."""
    observer, never = Observer(store), threading.Event()
    while True:
        found = observer.look()
        yield found
        left = deadline - time.monotonic()
        if not found.status.num_pending or left <= 0:
            return
        never.wait(min(every, left))


def _plain(found: DatasetProgress) -> dict[str, object]:
    return {**to_plain(found.status), "throughput": to_plain(found.throughput), "cost": to_plain(found.cost)}


def _line(found: DatasetProgress) -> str:
    status = found.status
    return (
        f"{status.num_committed:,} of {status.num_planned:,} games committed, {status.num_set_aside:,} set "
        f"aside, {status.num_pending:,} pending, {status.num_frames:,} frames, "
        f"{size_text(status.video_bytes)} of video"
    )


def _table(found: DatasetProgress) -> Table:
    status, cost = found.status, found.cost
    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = [
        ("planned", f"{number_of(status.num_planned, 'game')}, {status.frames_planned:,} frames"),
        ("committed", f"{number_of(status.num_committed, 'game')}, {status.num_frames:,} frames"),
        ("time played", hours_text(status.num_frames / FRAMES_PER_SECOND / 3600)),
        ("chunks", f"{status.num_chunks:,}"),
        ("video", size_text(status.video_bytes)),
        ("states", size_text(status.states_bytes)),
        ("set aside", f"{status.num_set_aside:,}"),
        *((f"  {reason}", f"{count:,}") for reason, count in status.rejects.items()),
        ("pending", number_of(status.num_pending, "game")),
        ("pace", _pace(status)),
        ("last game ended", _moment(status.newest_entry_at)),
        ("time left", _duration(found)),
    ]
    if status.num_lost:
        rows.append(("in manifests only", f"{number_of(status.num_lost, 'game')}; run farm finalize"))
    if found.throughput.games:
        rows.append((f"games per {timedelta(seconds=found.throughput.interval_seconds)}", _bars(found)))
    if cost is not None:
        rows += [
            ("slot time so far", hours_text(cost.slot_hours)),
            ("cost so far, about", dollars_text(cost.dollars)),
            ("storage a month", dollars_text(cost.dollars_a_month)),
        ]
    for row in rows:
        table.add_row(*row)
    return table


def _bars(found: DatasetProgress) -> str:
    games = found.throughput.games
    scale = (len(_BARS) - 1) / max(games)
    return "".join(_BARS[math.ceil(count * scale)] for count in games)


def _pace(status: DatasetStatus) -> str:
    is_copy = status.newest_entry_at is None and status.num_committed > 0
    return "unknown: this is a copy" if is_copy else f"{status.games_per_hour:,.0f} games an hour"


def _moment(seconds: float | None) -> str:
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(" ", "seconds")


def _duration(found: DatasetProgress) -> str:
    seconds = found.status.seconds_left
    return "-" if seconds is None else str(timedelta(seconds=round(seconds)))
