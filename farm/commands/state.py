"""`farm state`: writes one replay's state as a Parquet file with a column per name."""

from __future__ import annotations

from pathlib import Path

import click
import pyarrow.parquet as pq

from farm.terminal.output_file import refuse_other_content
from manifests.state.arrow import arrow_schema, to_arrow
from manifests.state.file import write_states
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay import read_replay
from workers.replay.locator import given_locator
from workers.replay.source import read_source
from workers.replay.state import state_table

EXAMPLE = """\b
Examples:
  farm state game.slp --out game.parquet
  farm state ranked.zip!game.slp --out game.parquet --all-frames
"""


@click.command(epilog=EXAMPLE)
@click.argument("file", metavar="FILE")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write."
)
@click.option(
    "--layout",
    type=click.Choice(["columns", "states"]),
    default="columns",
    show_default=True,
    help="columns: one per name, for queries; states: as in a dataset's states/, for windows.",
)
@click.option(
    "--all-frames",
    is_flag=True,
    help="Keep the frames at the end that netplay never finalized; a column flags them.",
)
def command(*, file: str, out: Path, layout: str, all_frames: bool) -> None:
    """Write the state of one replay as Parquet: a row per frame, a column per name, null if not recorded.

    FILE is a replay, which can also be in an archive, as ARCHIVE!NAME, or in a bucket, as s3://BUCKET/KEY.
    """
    refuse_other_content(out, b"PAR1", "Parquet")
    try:
        table = state_table(read_replay(read_source(given_locator(file))), finalized_only=not all_frames)
    except ReplayRefused as refusal:
        message = f"{file}: {refusal.reason}: {refusal.detail}"
        raise click.ClickException(message) from refusal
    try:
        if layout == "states":
            write_states(table, out)
        else:
            pq.write_table(to_arrow(table), out, compression="zstd", use_dictionary=False)
    except OSError as error:
        message = f"{out}: {error.strerror or error}; give another --out"
        raise EnvironmentFailed(message) from error
    num_columns = len(arrow_schema(table.num_players))
    click.echo(f"{out}: {table.num_frames} frames, {num_columns} columns, state_sha256 {table.sha256}")
