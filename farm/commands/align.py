"""`farm align`: shows the evidence on one finished game, read from its files, and a picture of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from farm.align_plot import ChunkFinding, plot
from farm.browse.states.chunk_motion import motion_of
from manifests.ledger.entry import LedgerEntry, Status
from manifests.store.canonical_json import to_plain
from manifests.store.keys import LEDGER_PREFIX
from manifests.store.open import open_store
from workers.printable import shown

if TYPE_CHECKING:
    from rich.progress import TaskID

    from manifests.ledger.evidence import Evidence
    from manifests.ledger.records import ChunkRecord
    from manifests.store.contract import Store

EXAMPLE = """\b
Examples:
  farm align 09e08ab7 --plot out.png
  farm align 09e08ab7 --dataset s3://bucket/melee --json
"""
_LEAST_PREFIX = 4


@click.command(epilog=EXAMPLE)
@click.argument("game")
@click.option("--dataset", default="dataset", show_default=True, help="Folder or URL of the dataset.")
@click.option(
    "--plot",
    "image",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the motion evidence into this PNG file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the evidence as JSON.")
def command(*, game: str, dataset: str, image: Path | None, as_json: bool) -> None:
    """Show the evidence that each picture of GAME shows its state: as recorded, and by motion measured anew.

    GAME is a game_id or its first letters. The pictures are decoded from the dataset's videos, so this checks
    the files themselves and does not rely on the renderer's records. The plot has a row per chunk: on one
    side how well picture and state fit at each lag, with the peak and its rival; on the other how much of the
    predicted motion each stretch shows.
    """
    store = open_store(dataset)
    entry = _find(store, game)
    if entry.status is Status.SET_ASIDE:
        _print(entry, [], as_json=as_json)
        if image:
            message = f"{entry.game_id[:12]} was set aside and has no pictures in the dataset: {entry.detail}"
            raise click.ClickException(message)
        return
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("decoding", total=sum(chunk.num_frames for chunk in entry.chunks))
        found = [_look(store, entry, number, progress, task) for number in range(len(entry.chunks))]
    if image:
        title = f"{entry.game_id[:12]}: {_title(entry)}"
        image.write_bytes(plot(title, found))
    _print(entry, found, as_json=as_json)


def _find(store: Store, game: str) -> LedgerEntry:
    if len(game) < _LEAST_PREFIX:
        message = f"a game_id has 64 letters, give at least the first {_LEAST_PREFIX}, got {game!r}"
        raise click.UsageError(message)
    keys = [info.key for info in store.list(LEDGER_PREFIX + game)]
    if len(keys) != 1:
        several = ", ".join(key.removeprefix(LEDGER_PREFIX)[:12] for key in keys[:5])
        found = f"several games begin so: {several}" if keys else "no game of this dataset begins so"
        message = f"{game!r}: {found}; `farm status` counts them, `farm sql` finds them"
        raise click.UsageError(message)
    return LedgerEntry.from_json(store.get(keys[0]))


def _look(store: Store, entry: LedgerEntry, number: int, progress: Progress, task: TaskID) -> ChunkFinding:
    chunk = entry.chunks[number]
    found = motion_of(store, chunk, lambda: progress.advance(task))
    title = f"chunk {number}, from slp_frame {chunk.slp_frame_start}"
    return ChunkFinding(title, chunk.slp_frame_start, found, _recorded(chunk))


def _title(entry: LedgerEntry) -> str:
    names = [item.name for item in entry.evidence if item.available]
    return f"{entry.status.value}; {', '.join(names)} could tell"


def _recorded(chunk: ChunkRecord) -> list[str]:
    return [f"{item.name} {_offset(item)}, confidence {item.confidence:.3f}" for item in chunk.evidence]


def _offset(item: Evidence) -> str:
    return "cannot tell" if item.offset_frames is None else f"{item.offset_frames:+d}"


def _print(entry: LedgerEntry, found: list[ChunkFinding], *, as_json: bool) -> None:
    rows = [("game", item) for item in entry.evidence]
    for number, chunk in enumerate(entry.chunks):
        rows += [(f"chunk {number}", item) for item in chunk.evidence]
    for number, each in enumerate(found):
        rows.append((f"chunk {number}, anew", each.found.evidence))
    if as_json:
        evidence = [{"of": of, **to_plain(item)} for of, item in rows]
        click.echo(json.dumps({"game_id": entry.game_id, "status": entry.status, "evidence": evidence}))
        return
    table = Table("of", "evidence", "offset", "confidence", "margin", "found")
    for of, item in rows:
        offset = "-" if item.offset_frames is None else f"{item.offset_frames:+d}"
        margin = "" if item.margin is None else f"{item.margin:.1f}"
        table.add_row(of, item.name, offset, f"{item.confidence:.3f}", margin, Text(shown(item.detail)))
    Console().print(table)
