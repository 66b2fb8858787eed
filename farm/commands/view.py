"""`farm view`: writes a window of a game as a clip with the state drawn over it."""

from __future__ import annotations

from pathlib import Path

import click

from farm.terminal.picture_size import read_size
from farm.terminal.waiting import waiting

EXAMPLE = """\b
Examples:
  farm view dataset 0
  farm view dataset 1f3a:1200 --frames 240 --out clip.gif
  farm view dataset 0 --boxes --no-state
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.argument("window")
@click.option(
    "--frames",
    type=click.IntRange(min=1),
    default=180,
    show_default=True,
    help="Length of the clip, in frames.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("clip.mp4"),
    help="The clip: an .mp4, or a .webp or .gif of half the size.  [default: clip.mp4]",
)
@click.option(
    "--size", metavar="ROWSxCOLUMNS", help="Size of a .webp or .gif.  [default: half of the pictures']"
)
@click.option("--state/--no-state", default=True, show_default=True, help="Draw the state over the pictures.")
@click.option("--boxes", is_flag=True, help="Draw a box around each fighter; not for Melee, see farm boxes.")
def command(
    *, dataset: str, window: str, frames: int, out: Path, size: str | None, state: bool, boxes: bool
) -> None:
    """Write WINDOW of DATASET (a folder or URL) as a video clip with the state drawn over the pictures.

    It draws the sticks, buttons, actions, places and percents of both players.

    WINDOW is a number, or GAME:SLP_FRAME with the first digits of a game_id.
    """
    from farm.view import write_clip  # noqa: PLC0415 - PyAV and Pillow are in the extra `load`

    try:
        with waiting("drawing"):
            count = write_clip(
                dataset, window, frames, out, with_state=state, with_boxes=boxes,
                size=None if size is None else read_size(size),
            )  # fmt: skip
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{out}: {count} pictures")
