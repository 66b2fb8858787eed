"""`farm finalize`: compiles finished games into manifests, LeRobot tables and the dataset's card."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console

from farm.amounts import number_of, size_text
from manifests.card.card import write_card
from manifests.errors import DatasetError
from manifests.ledger.dataset import read_description
from manifests.lerobot.compile import Compiled, compile_lerobot
from manifests.snapshot.finalize import Finalized, finalize
from manifests.snapshot.reader import open_manifest
from manifests.snapshot.statistics import write_statistics
from manifests.store.canonical_json import to_plain
from manifests.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.status import Status

    from farm.browse.pictures.sheets import Sheets
    from manifests.snapshot.reader import Manifest
    from manifests.store.contract import Store

EXAMPLE = """\b
Examples:
  farm finalize dataset
  farm finalize s3://bucket/melee --no-lerobot --json
  farm finalize dataset --sheets --statistics
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--from-scratch", is_flag=True, help="Read every ledger entry again, not only the new ones.")
@click.option(
    "--lerobot/--no-lerobot",
    default=True,
    show_default=True,
    help="Write data/ and meta/, with which DATASET opens in stock LeRobot.",
)
@click.option("--card/--no-card", default=True, show_default=True, help="Write README.md and croissant.json.")
@click.option(
    "--sheets/--no-sheets",
    default=False,
    show_default=True,
    help="Write a contact sheet per game, those that are missing: sheets/, and a table of them.",
)
@click.option(
    "--statistics/--no-statistics",
    default=False,
    show_default=True,
    help="Compute mean and deviation of every column, by split: it reads all states.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    dataset: str,
    *,
    from_scratch: bool,
    lerobot: bool,
    card: bool,
    sheets: bool,
    statistics: bool,
    as_json: bool,
) -> None:
    """Compile the ledger of DATASET (a folder or URL) into a new snapshot of its Parquet manifests.

    It may run at any time, even while games are rendered. It reads only new ledger entries, and does nothing
    if there are none.
    """
    store = open_store(dataset)
    read_description(store)  # so that a mistyped folder is refused, and does not become an empty dataset
    with Console(stderr=True).status("compiling the ledger") as status:
        done = finalize(store, from_scratch=from_scratch)
        compiled, made = None, None
        if done.snapshot.totals.num_committed:
            with _says_what_is_written(done):
                manifest = open_manifest(store)
                if lerobot and manifest.description.video is not None:
                    compiled = compile_lerobot(
                        manifest, on_file=lambda n, of: status.update(f"LeRobot tables: {n} of {of} files")
                    )
                if card:
                    status.update("writing the card")
                    _picture(store, manifest)
                    write_card(manifest)
                if statistics:
                    write_statistics(manifest, lambda n: status.update(f"statistics: {n:,} games"))
                if sheets:
                    made = _sheets(manifest, store, status)
    if as_json:
        told = {**to_plain(done), "lerobot": to_plain(compiled), "sheets": to_plain(made)}
        click.echo(json.dumps(told, indent=2))
    else:
        _print(done, compiled)
        if made is not None:
            click.echo(f"sheets/: {made.num_written:,} contact sheets written, {made.num_kept:,} kept")


@contextmanager
def _says_what_is_written(done: Finalized) -> Iterator[None]:
    """Add to an error within the block that the snapshot itself is written, and what may be missing."""
    try:
        yield
    except DatasetError as error:
        totals, number = done.snapshot.totals, done.snapshot.number
        message = (
            f"{error}. The manifests are written (manifest/{number:04d}, "
            f"{number_of(totals.num_committed, 'game')}), but not all that is made from them: `farm audit` "
            "names what is missing or damaged; mend that, then run the same command again"
        )
        raise DatasetError(message) from error


def _picture(store: Store, manifest: Manifest) -> None:
    """Make the card's animated picture if this machine can draw; reading needs no packages for that."""
    try:
        from farm.browse.pictures.card_picture import write_card_picture  # noqa: PLC0415
    except ModuleNotFoundError:
        return
    try:
        write_card_picture(store, manifest)
    except DatasetError as error:  # the audit reports damaged videos; the tables are written
        click.echo(f"Warning: the card has no picture: {error}", err=True)


def _sheets(manifest: Manifest, store: Store, status: Status) -> Sheets:
    from farm.browse.pictures.sheets import write_sheets  # noqa: PLC0415 - the rest needs no pictures

    return write_sheets(
        store, manifest, lambda done, of: status.update(f"contact sheets: {done:,} of {of:,} games")
    )


def _print(done: Finalized, compiled: Compiled | None) -> None:
    totals, number = done.snapshot.totals, done.snapshot.number
    games, is_new = number_of(totals.num_committed, "game"), "new" if done.is_new else "unchanged"
    click.echo(
        f"manifest/{number:04d} ({is_new}): {games}, {totals.num_chunks:,} chunks, {totals.num_frames:,} "
        f"frames, {size_text(totals.video_bytes)} of video; {totals.num_set_aside:,} set aside"
    )
    for reason, count in totals.rejects.items():
        click.echo(f"  {reason}: {count:,}")
    if compiled is not None:
        click.echo(
            f"meta/ and data/: LeRobot v3, {compiled.num_episodes:,} episodes, {compiled.num_tasks:,} tasks; "
            f"{compiled.num_files_written:,} files written, {compiled.num_files_kept:,} unchanged"
        )
