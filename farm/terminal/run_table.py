"""What a run of `farm render` made, as a table for people or JSON for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.table import Table

from manifests.ledger.entry import LedgerEntry, Status

if TYPE_CHECKING:
    from rich.console import Console

    from farm.run import RenderReport

FIELDS_PER_SECOND: Final = 60000 / 1001  # of the console
ID_DIGITS: Final = 8  # of a game_id are enough to tell games apart by eye


def print_report(report: RenderReport, url: str, console: Console) -> None:
    """Print what became of every replay given, and what can be done next."""
    committed = [entry for entry in report.entries if entry.status is Status.COMMITTED]
    if committed:
        console.print(_committed_table(committed))
    for entry in report.entries:
        if entry.reason is not None:
            _print_set_aside(console, report.sources.get(entry.game_id), entry.reason, entry.detail)
    for left in report.left_out:
        _print_set_aside(console, left.source, left.reason, left.detail)
    missing = report.num_games - len(report.entries)
    if missing:
        console.print(f"{missing} games are not finished; run the same command again to go on.")
    elif report.num_new == 0 and report.num_games:
        console.print(f"Everything was done already: {len(committed)} games committed in {url}.")
    elif report.num_new:
        console.print(
            f"{len(committed)} of {report.num_games + len(report.left_out)} replays committed to {url}, "
            f"{report.num_new} games in {report.wall_seconds:.0f} s."
        )


def report_as_json(report: RenderReport) -> str:
    """The same for machines: one object with a list of games."""
    games = [
        {
            "game_id": entry.game_id,
            "source": report.sources.get(entry.game_id),
            "status": entry.status.value,
            "reason": entry.reason,
            "detail": entry.detail,
            "num_frames": entry.num_frames,
            "num_chunks": len(entry.chunks),
            "video_bytes": video_bytes(entry),
            "timings": dict(entry.run.timings),
        }
        for entry in report.entries
    ]
    games += [
        {
            "game_id": None,
            "source": left.source,
            "status": "set_aside",
            "reason": left.reason,
            "detail": left.detail,
        }
        for left in report.left_out
    ]
    return json.dumps(
        {"games": games, "num_new": report.num_new, "exit_status": report.exit_status}, indent=2
    )


def video_bytes(entry: LedgerEntry) -> int:
    """Size of all videos of a game."""
    return sum(chunk.video.size_bytes for chunk in entry.chunks)


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
        entry.game.stage_name,
        " vs ".join(player.character_name for player in entry.game.players),
        f"{entry.num_frames:,}",
        str(len(entry.chunks)),
        "aligned",
        f"{video_bytes(entry) / entry.num_frames:,.0f}",
        f"{rate:.0f}",
        f"{rate / FIELDS_PER_SECOND:.1f}",
    )


def _print_set_aside(console: Console, source: str | None, reason: str, detail: str) -> None:
    name = Path(source).name if source else "?"
    console.print(f"set aside  {name}  {reason}: {detail}", style="yellow", markup=False, highlight=False)
