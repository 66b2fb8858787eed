"""`farm gc`: removes objects of a dataset that no ledger entry names."""

from __future__ import annotations

import json

import click

from farm.terminal.waiting import waiting
from manifests.audit.gc import find_garbage, remove
from manifests.store.canonical_json import to_plain
from manifests.store.open import open_store
from workers.printable import shown

EXAMPLE = """\b
Examples:
  farm gc dataset
  farm gc dataset --delete
"""


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option("--delete", is_flag=True, help="Remove them; without this, they are only named.")
@click.option(
    "--idle",
    is_flag=True,
    help="Nobody renders into DATASET now: also remove what unfinished games left.",
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(dataset: str, delete: bool, idle: bool, as_json: bool) -> None:
    """List, or remove, the objects of DATASET that no ledger entry names; never one younger than a day.

    Racing or killed workers leave such objects. Without --idle only those that no worker can still need are
    removed, so it may run while a farm is working.
    """
    store = open_store(dataset)
    with waiting("listing the dataset") as tell:
        garbage = find_garbage(store, idle=idle)
        if delete:
            tell(f"removing {len(garbage):,} objects")
            remove(store, garbage)
    if as_json:
        click.echo(json.dumps({"deleted": delete, "objects": to_plain(garbage)}, indent=2))
        return
    for item in garbage:
        click.echo(f"{shown(item.key)}: {item.size_bytes:,} bytes; {item.why}")
    what = "removed" if delete else "may be removed (--delete does it)"
    click.echo(f"{len(garbage):,} objects, {sum(item.size_bytes for item in garbage):,} bytes {what}")
