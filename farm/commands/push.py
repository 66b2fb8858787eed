"""`farm push`: uploads a dataset or an export to the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

import click

from farm.amounts import size_text
from farm.terminal.waiting import waiting
from manifests.hub.place import HubPlace

EXAMPLE = """\b
Examples:
  farm push dataset-288x384-20fps hf://datasets/ME/melee-20fps
  farm push shards hf://datasets/ME/melee-mira --public
"""


@click.command(epilog=EXAMPLE)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("url", metavar="PLACE")
@click.option("--public", "is_public", is_flag=True, help="Make a new repository one that anybody can read.")
@click.option("--with-records", is_flag=True, help="Also upload plan/ and ledger/.")
def command(*, folder: Path, url: str, is_public: bool, with_records: bool) -> None:
    """Put a dataset or an export, a FOLDER, into a dataset repository of the Hugging Face hub.

    PLACE is hf://datasets/OWNER/NAME, which can be followed by @BRANCH and /FOLDER.

    If the repository does not exist, it is made, and is private. Files that it already has, by their hashes,
    are not sent again, so run the command again to go on; at the end every file's hash is checked. HF_TOKEN
    must be allowed to write. plan/, which names the replays' files, and ledger/ are not uploaded: readers
    need neither.
    """
    from manifests.hub.push import push  # noqa: PLC0415 - with the hub's library, an extra

    try:
        place = HubPlace.of_url(url)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with waiting("putting files onto the hub") as tell:
        done = push(
            folder, place, is_public=is_public, with_records=with_records,
            on_file=lambda number, of: tell(f"{number:,} of {of:,} files"),
        )  # fmt: skip
    left = f"; {done.num_left_out:,} files of plan/ and ledger/ stay here" if done.num_left_out else ""
    click.echo(
        f"{done.num_files:,} files ({size_text(done.num_bytes)}) put into {place}, "
        f"{done.num_there_before:,} were there{left}"
    )
