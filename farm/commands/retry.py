"""`farm retry`: lets the next run try games again that were set aside."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import click
from rich.console import Console
from rich.table import Table

from farm.amounts import number_of
from farm.terminal.waiting import waiting
from manifests.audit.numbers import misnumbered_games
from manifests.errors import RecordRefused
from manifests.ledger.dataset import read_description
from manifests.ledger.entry import LedgerEntry, Status, done_game_ids, try_read_entries, withdraw
from manifests.ledger.plan_repair import read_plans, without_shared_numbers, write_repaired
from manifests.ledger.reasons import Reason
from manifests.snapshot.finalize import finalize
from manifests.snapshot.reader import compiled_game_ids
from manifests.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from manifests.ledger.plan_repair import Repaired
    from manifests.store.contract import Store

    Found: TypeAlias = LedgerEntry | RecordRefused

EXAMPLE = """\b
Examples:
  farm retry dataset --reason worker_died --reason emulator_stalled
  farm retry dataset --game 1050c43d --game 23e242f5 --dry-run
  farm retry s3://bucket/melee --all
"""
NOTHING_FOUND = 1


@click.command(epilog=EXAMPLE)
@click.argument("dataset")
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice([str(reason) for reason in Reason]),
    metavar="REASON",
    help=f"Games set aside for this reason; may be given again.  ({', '.join(Reason)})",
)
@click.option(
    "--game",
    "games",
    multiple=True,
    metavar="ID",
    help="This game, by its game_id or the beginning of it; may be given again.",
)
@click.option("--all", "everything", is_flag=True, help="All games that were set aside.")
@click.option(
    "--misnumbered",
    is_flag=True,
    help="Games that share file numbers with another game (farm audit finds them): they get their own.",
)
@click.option("--force", is_flag=True, help="Also committed games and damaged entries, if --game names them.")
@click.option("--dry-run", is_flag=True, help="Say what would be tried again, and leave the ledger alone.")
@click.option("--json", "as_json", is_flag=True, help="Print the games as JSON.")
def command(
    *,
    dataset: str,
    reasons: tuple[str, ...],
    games: tuple[str, ...],
    everything: bool,
    misnumbered: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take set-aside games out of the ledger of DATASET, so that the next `farm render` tries them again.

    Give that render the same replays. A replay that was refused for its content will be refused again,
    unless the farm has learned to read it since. Do not run this while something renders into DATASET.

    Exit status: 0 some game will be tried again, 1 none fits, 2 the dataset cannot be read.
    """  # fmt: skip
    if not (reasons or games or everything or misnumbered):
        message = "say which: --reason REASON, --game ID, --misnumbered, or --all"
        raise click.UsageError(message)
    store = open_store(dataset)
    read_description(store)
    with waiting("reading the ledger"):
        chosen = choose(store, set(reasons), games, everything=everything, force=force)
        repaired = without_shared_numbers(read_plans(store) if misnumbered else ())
        if misnumbered:
            wrong = misnumbered_games(store, repaired.games())
            chosen |= choose(store, set(), wrong, everything=False, force=True)
    if not dry_run:
        _carry_out(store, chosen, repaired)
    if as_json:
        told = [_plain(game_id, entry) for game_id, entry in chosen.items()]
        click.echo(json.dumps({"withdrawn": not dry_run, "games": told, "renumbered": repaired.game_ids}))
    else:
        _print(list(chosen.values()), repaired, is_dry=dry_run)
    sys.exit(0 if chosen or repaired.game_ids else NOTHING_FOUND)


def _carry_out(store: Store, chosen: Mapping[str, Found], repaired: Repaired) -> None:
    """Repair the plan, withdraw the chosen entries, and compile manifests that no longer name them."""
    # The plan comes first: if this is cut short after it, the games with old numbers can be found again by
    # those.
    if repaired.changed:
        write_repaired(store, repaired)
    for game_id, entry in chosen.items():
        withdraw(store, game_id, force=_is_kept_unless_forced(entry))
    if chosen or repaired.changed:
        # A snapshot also notes the sums of the plan files.
        finalize(store, from_scratch=bool(repaired.changed))


def choose(
    store: Store, reasons: set[str], games: Sequence[str], *, everything: bool, force: bool
) -> dict[str, Found]:
    """Find the ledger entries that should be withdrawn.

    Args:
        store: the dataset's store.
        reasons: set-aside games with one of these reasons are chosen.
        games: game_ids, or beginnings of game_ids that fit one game each.
        everything: every set-aside game is chosen.
        force: committed games, and entries that cannot be read, may be among those that `games` names.

    Returns:
        The entry by game_id, or why it cannot be read.

    Raises:
        click.UsageError: an id fits no game of the ledger or several, or a committed game without force.
        DatasetError: the ledger cannot be read, or without force an entry that `games` names.
    """
    committed = compiled_game_ids(store)
    others = [game_id for game_id in done_game_ids(store) if game_id not in committed]
    entries = _read(store, others)
    named = {_one_game(short, [*entries, *committed]) for short in games}
    entries |= _read(store, sorted(named & committed))
    for game_id in sorted(named):
        entry = entries[game_id]
        if isinstance(entry, RecordRefused):
            if not force:
                raise entry
        elif entry.status is Status.COMMITTED and not force:
            message = f"--game {game_id} is committed; to render it again all the same, add --force"
            raise click.UsageError(message)
    return {
        game_id: entry
        for game_id, entry in sorted(entries.items())
        if game_id in named or _is_asked_for(entry, reasons, everything=everything)
    }


def _read(store: Store, game_ids: Iterable[str]) -> dict[str, Found]:
    return {game_id: entry for game_id, entry in try_read_entries(store, game_ids) if entry is not None}


def _is_asked_for(entry: Found, reasons: set[str], *, everything: bool) -> bool:
    if isinstance(entry, RecordRefused) or entry.status is not Status.SET_ASIDE:
        return False
    return everything or str(entry.reason) in reasons


def _is_kept_unless_forced(entry: Found) -> bool:
    return isinstance(entry, RecordRefused) or entry.status is Status.COMMITTED


def _one_game(short: str, known: Iterable[str]) -> str:
    """Return the one game whose id begins with these characters."""
    fitting = [game_id for game_id in known if short and game_id.startswith(short.lower())]
    if len(fitting) != 1:
        found = f"fits {number_of(len(fitting), 'game')}" if fitting else "is no game of the ledger"
        message = f"--game {short} {found}; give a game_id, as `farm games` shows them"
        raise click.UsageError(message)
    return fitting[0]


def _plain(game_id: str, entry: Found) -> dict[str, str | None]:
    if isinstance(entry, RecordRefused):
        return {"game_id": game_id, "status": "unreadable", "reason": None, "detail": str(entry)}
    reason = None if entry.reason is None else str(entry.reason)
    return {"game_id": game_id, "status": str(entry.status), "reason": reason, "detail": entry.detail}


def _kind(entry: Found) -> str:
    if isinstance(entry, RecordRefused):
        return "unreadable"
    return "committed" if entry.status is Status.COMMITTED else str(entry.reason)


def _print(chosen: Sequence[Found], repaired: Repaired, *, is_dry: bool) -> None:
    console = Console()
    if repaired.game_ids:
        get = "would get" if is_dry else "got"
        console.print(f"{len(repaired.game_ids):,} games {get} a place and file numbers of their own.")
    if not chosen:
        if repaired.game_ids:
            return
        console.print("No game of the ledger fits; `farm status` counts the set-aside ones by reason.")
        return
    table = Table("reason", "games")
    counts = Counter(map(_kind, chosen))
    for reason, count in sorted(counts.items()):
        table.add_row(reason, f"{count:,}")
    console.print(table)
    done = (
        "would be tried again"
        if is_dry
        else "will be tried again by the next `farm render` with the same replays"
    )
    console.print(f"{number_of(len(chosen), 'game')} {done}.")
