"""`farm pull`: downloads a dataset or an export from the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

import click

from farm.amounts import size_text
from farm.terminal.waiting import waiting
from manifests.hub.place import HubPlace

EXAMPLE = """\b
Examples:
  farm pull hf://datasets/ME/melee-20fps dataset
  farm pull hf://datasets/ME/melee-mira@main/test shards/test
"""


@click.command(epilog=EXAMPLE)
@click.argument("url", metavar="PLACE")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def command(*, url: str, folder: Path) -> None:
    """Fetch a dataset or an export from a dataset repository of the Hugging Face hub into FOLDER.

    PLACE is hf://datasets/OWNER/NAME, which can be followed by @REVISION and /FOLDER.

    Every file is checked against the hub's hash of it. Run the command again to go on, or to fetch new files.
    Afterwards `farm audit FOLDER` checks a dataset against its own records.
    """
    from manifests.hub.pull import pull  # noqa: PLC0415 - with the hub's library, an extra

    try:
        place = HubPlace.of_url(url)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with waiting("fetching from the hub") as tell:
        done = pull(place, folder, lambda number, of: tell(f"{number:,} of {of:,} files"))
    click.echo(
        f"{done.num_files:,} files ({size_text(done.num_bytes)}) of commit {done.commit[:8]} fetched into "
        f"{folder}, {done.num_there_before:,} were there"
    )
