"""The option of benches that keep raw pictures: the folder for them."""

from __future__ import annotations

from pathlib import Path

import click

scratch_option = click.option(
    "--scratch",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where throw-away files go: 0.5 MB for each frame.  [the system's folder for them]",
)
