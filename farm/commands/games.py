"""`farm games`: lists the committed games, filtered by any condition, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import itertools
import json
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from farm.amounts import number_of
from farm.browse.queries.library import Library
from farm.browse.queries.typed_sql import ConditionRefused
from farm.terminal.waiting import waiting
from manifests.store.open import open_store
from workers.printable import shown

_WIDE: Final = 110  # columns of a terminal that is wide enough for counts of events
EXAMPLE = """\b
Examples:
  farm games dataset --where "stage_name = 'BATTLEFIELD' AND num_frames > 7200"
  farm games s3://bucket/melee --where "list_contains(characters, 'FOX')" --csv > fox.csv
  farm games dataset --where "list_contains(names_seen, 'SHEIK')"
  farm games dataset --where "deaths >= 7 AND missed_techs = 0"
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset", default="dataset")
@click.option(
    "--where",
    "condition",
    default="true",
    show_default=True,
    help="List only games that meet this condition, in DuckDB's SQL.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), help="List at most this many games, the first by game_id."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per game, each on a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values with a header.")
def command(*, dataset: str, condition: str, limit: int | None, as_json: bool, as_csv: bool) -> None:
    """List DATASET's committed games, in order of game_id. `farm browse` shows the columns' meaning.

    The condition can also use columns that count events (hits, deaths, l_cancels, missed_techs ...). --json
    and --csv have all of them; the table has hits and deaths if the terminal has 110 columns.
    """
    if as_json and as_csv:
        message = "--json and --csv exclude each other"
        raise click.UsageError(message)
    try:
        with waiting("reading the manifest"):
            names, rows = Library(open_store(dataset)).where(condition, limit)
    except ConditionRefused as error:
        message = f"--where {condition!r}: {error}"
        raise click.UsageError(message) from error
    if as_json:
        for row in rows:
            click.echo(json.dumps(dict(zip(names, row, strict=True))))
    elif as_csv:
        text = io.StringIO()
        csv.writer(text).writerows([names, *rows])
        click.echo(text.getvalue(), nl=False)
    else:
        console = Console()
        counted = ("hits", "deaths") if console.width >= _WIDE else ()
        table = Table("game", "stage", "characters", "frames", *counted, "split", "agreed")
        for row in rows:
            game = dict(zip(names, row, strict=True))
            characters, agreed = " vs ".join(_as_played(game)), ", ".join(game["agreed"])
            frames = f"{game['num_frames']:,}"
            counts = ("" if game[name] is None else f"{game[name]:,}" for name in counted)
            cells = [game["game_id"][:12], game["stage_name"], characters, frames, *counts]
            table.add_row(*(Text(shown(str(cell))) for cell in (*cells, game["split"] or "", agreed)))
        console.print(table)
        click.echo(number_of(len(rows), "game"))


def _as_played(game: dict[str, Any]) -> list[str]:
    """Return each player's characters as played, by port, e.g. ZELDA/SHEIK; else the chosen ones."""
    if game["characters_seen"] is None:
        return list(game["characters"])
    by_port = itertools.groupby(game["characters_seen"], lambda seen: int(seen["port"]))
    return ["/".join(seen["character_name"] for seen in of_port) for _, of_port in by_port]
