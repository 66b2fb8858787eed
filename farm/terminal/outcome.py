"""Prints what became of a run's games, as tables for people or as JSON for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table

from farm.amounts import clock, number_of
from manifests.ledger.entry import LedgerEntry, read_entries
from workers.printable import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from farm.engine.loop import Summary
    from farm.run_outcome import RunOutcome
    from manifests.store.contract import Store

FIELDS_PER_SECOND: Final = 60000 / 1001  # fields per second that the console shows
ID_DIGITS: Final = 8  # digits of a game_id that are enough to tell games apart by eye
MOST_GAMES: Final = 40
"""A run of more games than this is summed up in numbers: nobody reads a thousand rows."""


def print_outcome(outcome: RunOutcome, store: Store, console: Console) -> None:
    """Print what became of every replay of the run, and what can be done next.

    A few games get a row each; many are summed up in numbers. Set-aside replays are named with their reasons,
    unless there are too many.
    """
    if outcome.committed and outcome.num_games <= MOST_GAMES:
        console.print(_committed_table(_entries(store, outcome.committed)))
    if outcome.summary is not None and (outcome.num_games > MOST_GAMES or outcome.summary.counts.retries):
        console.print(_counts_table(outcome.summary))
    _print_set_aside(outcome, store, console)
    for line in _last_words(outcome):
        console.print(line, soft_wrap=True)


def outcome_as_json(outcome: RunOutcome, store: Store) -> str:
    """Return the outcome for machines: one JSON object with a list of games, committed and set aside."""
    ended = outcome.committed | outcome.set_aside
    games = [_plain(entry, outcome.work.sources.get(entry.game_id)) for entry in _entries(store, ended)]
    games += [
        {
            "game_id": None,
            "source": left.source,
            "status": "set_aside",
            "reason": left.reason,
            "detail": left.detail,
        }
        for left in outcome.work.left_out
    ]
    told = {
        "games": games,
        "num_new": outcome.num_new,
        "canaries": [pace.to_dict() for pace in outcome.canaries],
        "exit_status": outcome.exit_status,
    }
    return json.dumps(told, indent=2)


def _plain(entry: LedgerEntry, source: str | None) -> dict[str, Any]:
    return {
        "game_id": entry.game_id,
        "source": source,
        "status": entry.status.value,
        "reason": entry.reason,
        "detail": entry.detail,
        "num_frames": entry.num_frames,
        "num_chunks": len(entry.chunks),
        "video_bytes": _video_bytes(entry),
        "timings": dict(entry.run.timings),
    }


def _entries(store: Store, game_ids: Iterable[str]) -> list[LedgerEntry]:
    return list(read_entries(store, sorted(game_ids)))


def _last_words(outcome: RunOutcome) -> list[str]:
    """Return the result of the run in a sentence, and what to do next if it has not finished."""
    num_committed, num_games = len(outcome.committed), outcome.num_games
    if outcome.num_unfinished:
        return [f"{outcome.num_unfinished:,} games are not finished; run the same command again to go on."]
    if outcome.num_new == 0 and num_games:
        aside = f", {len(outcome.set_aside):,} set aside" if outcome.set_aside else ""
        games = number_of(num_committed, "game")
        return [f"Everything was done already: {games} committed{aside} in {outcome.dataset}."]
    if outcome.num_new:
        num_replays = num_games + len(outcome.work.left_out)
        done = f"{num_committed:,} of {num_replays:,} replays committed to {outcome.dataset}"
        return [f"{done}, {number_of(outcome.num_new, 'game')} in {outcome.wall_seconds:.0f} s."]
    return []


def _print_set_aside(outcome: RunOutcome, store: Store, console: Console) -> None:
    sources, left_out = outcome.work.sources, outcome.work.left_out
    chosen = sorted(outcome.set_aside)[:MOST_GAMES]
    lines = [
        (sources.get(entry.game_id), str(entry.reason), entry.detail) for entry in _entries(store, chosen)
    ]
    lines += [(left.source, str(left.reason), left.detail) for left in left_out[: MOST_GAMES - len(lines)]]
    for source, reason, detail in lines:
        name = Path(source).name if source else "?"
        console.print(
            shown(f"set aside  {name}  {reason}: {detail}"),
            style="yellow", markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    if (more := len(outcome.set_aside) + len(left_out) - len(lines)) > 0:
        console.print(f"set aside  {more:,} more; `farm status` counts them by reason, --json names them")


def _committed_table(entries: list[LedgerEntry]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("game", "stage", "players"):
        table.add_column(heading, no_wrap=True)
    for heading in ("frames", "chunks"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for heading in ("B/frame", "frames/s", "x real time"):
        table.add_column(heading, justify="right")
    for entry in entries:
        table.add_row(*_row(entry))
    return table


def _row(entry: LedgerEntry) -> tuple[str, ...]:
    assert entry.game is not None, "a committed entry has its game's facts"
    rate = entry.run.timings.get("frames_per_second", 0.0)
    return (
        entry.game_id[:ID_DIGITS],
        shown(entry.game.stage_name),
        shown(" vs ".join(player.character_name for player in entry.game.players)),
        f"{entry.num_frames:,}",
        str(len(entry.chunks)),
        "aligned" if _video_bytes(entry) else "states alone",
        f"{_made_bytes(entry) / entry.num_frames:,.0f}",
        f"{rate:.0f}",
        f"{rate / FIELDS_PER_SECOND:.1f}",
    )


def _video_bytes(entry: LedgerEntry) -> int:
    return sum(chunk.video_bytes for chunk in entry.chunks)


def _made_bytes(entry: LedgerEntry) -> int:
    """Return the bytes of a game's videos, or of its states files if it has no videos."""
    return _video_bytes(entry) or sum(chunk.states.size_bytes for chunk in entry.chunks)


def _counts_table(summary: Summary) -> Table:
    """Return a table of the run: games by how they ended, attempts that failed, and pace."""
    counts = summary.counts
    rows = {
        "committed": counts.committed,
        "set aside": counts.set_aside,
        "done by another run": counts.already_done,
        "left undone": counts.left_undone,
        "not finished": counts.running + counts.waiting,
        **{f"attempts ended by {failure}": count for failure, count in sorted(counts.retries.items())},
    }
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name, number in rows.items():
        if number or name == "committed":
            table.add_row(name, f"{number:,}")
    seconds = max(summary.wall_seconds, 1e-9)
    table.add_row("frames", f"{counts.frames_done:,}")
    table.add_row("frames a second", f"{counts.frames_done / seconds:,.0f}")
    table.add_row("wall time", clock(seconds))
    return table
