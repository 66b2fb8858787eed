"""`farm inspect`: shows what a replay says about itself, and whether it would be rendered."""

from __future__ import annotations

import dataclasses
import json
import secrets
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from farm.planning.dataset_plan import key_of_dataset
from farm.planning.listing import list_replays
from farm.planning.player_key import player_hash
from farm.planning.scanned_replay import LeftOut
from manifests.ledger.dataset import read_description
from manifests.ledger.reasons import Reason
from manifests.store.open import open_store
from workers.errors import ReplayRefused
from workers.printable import shown
from workers.replay import read_replay
from workers.replay.renderable import renderable
from workers.replay.source import FileUnread, read_source

if TYPE_CHECKING:
    from workers.replay import GameRecord

EXAMPLE = """\b
Examples:
  farm inspect game.slp
  farm inspect ~/Slippi ranked.zip --json | jq -r 'select(.refused) | .refused.reason'
"""


@click.command(epilog=EXAMPLE)
@click.argument("sources", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--dataset",
    metavar="DATASET",
    help="Hash players with this dataset's key, so that they can be looked for in it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per replay, each on a line.")
def command(sources: tuple[str, ...], dataset: str | None, as_json: bool) -> None:
    """Show what replays hold: version, stage, players, frames, rollbacks, and why one would be refused.

    FILE is a replay, a folder, a glob, an archive or s3://BUCKET/PREFIX. Players are shown as hashes, never
    by name. Without --dataset the hashes are different at each call.
    """
    key = _key_of(dataset) if dataset else secrets.token_bytes(32)
    console = Console()
    nothing_found = True
    for found in list_replays(sources):
        nothing_found = False
        if isinstance(found, LeftOut):
            report = _refused({"source": found.source}, found.reason, found.detail)
        else:
            data = found.data
            report = inspect(
                found.locator, read_source_or_refusal(found.locator) if data is None else data, key
            )
        if as_json:
            click.echo(json.dumps(report))
        else:
            _print(report, console)
    if nothing_found:
        message = f"no replay in {', '.join(sources)}"
        raise click.UsageError(message)


def _key_of(dataset: str) -> bytes:
    """Return the key of a dataset that exists; make none for one that does not."""
    store = open_store(dataset)
    read_description(store)
    return key_of_dataset(store, dataset)


def read_source_or_refusal(locator: str) -> bytes | ReplayRefused:
    """Return the bytes of a replay, or why they cannot be read."""
    try:
        return read_source(locator)
    except ReplayRefused as refusal:
        return refusal
    except FileUnread as problem:
        return ReplayRefused(Reason.NOT_READ, problem.why)


def inspect(source: str, data: bytes | ReplayRefused, key: bytes) -> dict[str, Any]:
    """Return a JSON-ready report on one replay; `refused` is null if it could be rendered."""
    report: dict[str, Any] = {"source": source}
    if isinstance(data, ReplayRefused):
        return _refused(report, data.reason, data.detail)
    report["size_bytes"] = len(data)
    try:
        replay = read_replay(data)
    except ReplayRefused as refusal:
        return _refused(report, refusal.reason, refusal.detail)
    report |= {"game_id": replay.game_id, **_record(replay.record, key)}
    try:
        table = renderable(replay)
    except ReplayRefused as refusal:
        return _refused(report, refusal.reason, refusal.detail)
    recorded = [name for name in table.names() if table.valid(name).any()]
    return report | {
        "state_frames": table.num_frames,
        "state_columns": len(recorded),
        "state_sha256": table.sha256,
        "items": table.items.num_rows if table.items.valid else None,
        "refused": None,
    }


def _record(record: GameRecord, key: bytes) -> dict[str, Any]:
    plain = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    plain["players"] = [
        {
            **{field.name: getattr(player, field.name) for field in dataclasses.fields(player)},
            "identity": player_hash(key, player.identity.key),
        }
        for player in record.players
    ]
    return plain


def _refused(report: dict[str, Any], reason: str, detail: str) -> dict[str, Any]:
    return report | {"refused": {"reason": str(reason), "detail": detail}}


def _print(report: dict[str, Any], console: Console) -> None:
    table = Table(title=Text(report["source"]), title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")  # a hash that is cut short cannot be searched for
    for name, value in report.items():
        if name == "players":
            for player in value:
                kind = "person" if player["is_human"] else f"computer, level {player['cpu_level']}"
                who = player["identity"] or "unknown"
                table.add_row(f"port {player['port'] + 1}", f"{player['character_name']}, {kind}, {who}")
        elif name == "refused":
            verdict = "no, it can be rendered" if value is None else f"{value['reason']}: {value['detail']}"
            table.add_row("refused", Text(shown(verdict)))
        elif name != "source":
            table.add_row(
                name.replace("_", " "), "not recorded" if value is None else Text(shown(str(value)))
            )
    console.print(table)
