"""`farm moments`: finds the moments of a dataset that pass filters, as a table, JSON or clips."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table
from rich.text import Text

from farm.amounts import number_of
from farm.browse.pictures.moving import CLIP_FRAMES
from farm.browse.queries.library import Library
from farm.browse.queries.moments import MOST_MOMENTS, FoundMoments, MomentQuery, find_moments
from farm.browse.queries.no_moments import why_none
from farm.terminal.waiting import waiting
from manifests.labels.events import EventKind
from manifests.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.browse.queries.moments import Moment

EXAMPLE = """\b
Examples:
  farm moments dataset --kind death --character FOX --stage BATTLEFIELD
  farm moments dataset --kind hit --where "value >= 20 AND other_character = 'MARTH'" --clips clips
  farm moments dataset --state '"p0.hitlag_left" > 0 AND "p1.hitlag_left" > 0' --json
  farm moments dataset --character FOX --state "\\"me.action\\" = action('DASHING')" --near ledge --within 30
"""
_KINDS = ", ".join(EventKind)


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--kind", default="", metavar="EVENT", help=f"The kind of event: {_KINDS}.  [any]")
@click.option(
    "--character",
    default="",
    metavar="NAME",
    help="The character to whom it happens, such as FOX.  [anybody]",
)
@click.option("--stage", default="", metavar="NAME", help="The stage, such as BATTLEFIELD.  [anywhere]")
@click.option("--split", default="", help="train, val or test.  [any]")
@click.option(
    "--where",
    "condition",
    default="",
    metavar="SQL",
    help="DuckDB's SQL over kind, value, player, character, other_character, slp_frame, num_frames ...",
)
@click.option(
    "--state",
    default="",
    metavar="SQL",
    help="Instead of events: DuckDB's SQL over a frame's state, with names of `farm schema`.",
)
@click.option("--near", "near_kind", default="", metavar="EVENT", help="Only near an event of this kind.")
@click.option("--within", "near_frames", type=int, help="How near, in frames.  [default: 5]")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_MOMENTS),
    default=60,
    show_default=True,
    help="List at most this many moments.",
)
@click.option(
    "--clips",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a clip of one second of each moment into this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per moment, each on a line.")
def command(
    *, dataset: str, kind: str, character: str, stage: str, split: str, condition: str, state: str,
    near_kind: str, near_frames: int | None, limit: int, clips: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """List moments of DATASET (a folder or URL): events that pass filters, or frames at which a state begins.

    Moments are sorted by game_id and slp_frame. In --state, p0 and p1 are the players, and `me` stands for
    the player with the --character; action('NAME') is the number of an action state.
    """
    try:
        query = MomentQuery(kind, character, stage, split, condition, state, near_kind, near_frames, limit)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with waiting("looking for moments"):
        library = Library(open_store(dataset))
        found = find_moments(library, query)
    if as_json:
        for moment in found.moments:
            click.echo(json.dumps(asdict(moment)))
    else:
        _print(found, limit)
    for line in why_none(library, query, found):
        click.echo(line, err=as_json)
    if clips is not None:
        _write_clips(library, found.moments, clips)


def _print(found: FoundMoments, limit: int) -> None:
    table = Table("game:frame", "moment", "to", "by", "value", "stage")
    for moment in found.moments:
        value = "" if moment.value is None else f"{moment.value:g}"
        cells = (
            f"{moment.game_id[:8]}:{moment.slp_frame}", moment.kind, moment.character or "",
            moment.other_character or "", value, moment.stage_name,
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    if found.moments:
        Console().print(table)
    first = "the first " if len(found.moments) == limit else ""
    more = f"; there may be more: --limit is {limit}" if first else ""
    games = f"{found.num_looked:,} of {found.num_games:,} games"
    click.echo(f"{first}{number_of(len(found.moments), 'moment')} in {games}{more}")


def _write_clips(library: Library, moments: Sequence[Moment], folder: Path) -> None:
    from farm.view import write_clip  # noqa: PLC0415 - PyAV and Pillow are in the extra `load`

    if library.manifest.description.video is None:
        message = "a dataset of states alone has no pictures to make clips of: leave out --clips"
        raise click.UsageError(message)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"--clips {folder}: {error.strerror}; give another folder"
        raise click.UsageError(message) from error
    chunks = library.manifest.table("chunks", ["game_id", "slp_frame_start", "slp_frame_exclusive_end"])
    with waiting(f"writing {len(moments)} clips"):
        for number, moment in enumerate(moments):
            start, end = chunks["slp_frame_start"], chunks["slp_frame_exclusive_end"]
            holds = pc.and_(pc.less_equal(start, moment.slp_frame), pc.greater(end, moment.slp_frame))
            chunk = chunks.filter(pc.and_(holds, pc.equal(chunks["game_id"], moment.game_id)))
            left = chunk["slp_frame_exclusive_end"][0].as_py() - moment.slp_frame
            name = f"{number:04}-{moment.kind}-{moment.game_id[:8]}-{moment.slp_frame}.mp4"
            window = f"{moment.game_id}:{moment.slp_frame}"
            write_clip(library.store.url, window, min(CLIP_FRAMES, left), folder / name)
    click.echo(f"{len(moments):,} clips in {folder}", err=True)
