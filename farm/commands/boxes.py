"""`farm boxes`: writes a side table of boxes around the fighters, in pixels."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from farm.terminal.output_file import refuse_other_content
from farm.terminal.waiting import waiting
from manifests.ledger.dataset import read_description
from manifests.store.open import open_store

EXAMPLE = """\b
Examples:
  farm boxes dataset --out boxes.parquet
  farm boxes s3://bucket/melee --out boxes.parquet --json
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The Parquet file to write, a row per game_id and slp_frame.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(*, dataset: str, out: Path, as_json: bool) -> None:
    """Write where each fighter is in the pictures of DATASET (a folder or URL): a box per frame, in pixels.

    A box is null if the fighter is not in the picture, and in all games whose camera is not known. The camera
    is known for the stand-in, and not for Melee.
    """
    from farm.browse.states.boxes import write_boxes  # noqa: PLC0415 - it brings what draws the stand-in along

    refuse_other_content(out, b"PAR1", "Parquet")
    store = open_store(dataset)
    description = read_description(store)
    with waiting("placing boxes"):
        done = write_boxes(store, description, out)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(done)))
        return
    share = done.num_boxes / max(2 * done.num_frames, 1)
    click.echo(
        f"{out}: {done.num_frames:,} frames of {done.num_games:,} games; the camera is known in "
        f"{done.num_known_games:,}; boxes in {share:.1%} of both players' frames"
    )
