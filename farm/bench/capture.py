"""`farm bench capture`: compares a worker's cost with the emulator alone, x264 alone, and peers."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from farm.bench._capture_run import run_side_by_side
from farm.bench._capture_table import figures, ratios
from farm.bench._capture_ways import (
    DRAINED_WAY,
    NO_DUMP_WAY,
    PEERS_WAY,
    WAYS,
    WORKER_WAY,
    X264_WAY,
    CaptureRequest,
    game_of,
    keep_pictures,
)
from farm.bench._pictures_scratch import scratch_option
from farm.terminal.waiting import waiting
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from farm.bench._capture_run import CaptureRun
    from farm.bench._capture_table import Ratio, Spread, WayFigures

EXAMPLE = """\b
Examples:
  farm bench capture
  farm bench capture --frames 7200 --runs 3
  farm bench capture --emulator slippi --replay game.slp --side-by-side 4
  farm bench capture --runs 1 --frames 600 --json
"""
_SIDE_BY_SIDE = (NO_DUMP_WAY, DRAINED_WAY, X264_WAY, PEERS_WAY, WORKER_WAY)


@click.command(epilog=EXAMPLE)
@click.option(
    "--emulator",
    type=click.Choice(tuple(WAYS)),
    default="standin",
    show_default=True,
    help="The emulator that plays.",
)
@click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Play this replay.  [a recorded game]",
)
@click.option(
    "--frames",
    type=click.IntRange(min=60),
    default=1800,
    show_default=True,
    help="Length of the recorded game, in frames.",
)
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How often each way runs, in turn.",
)
@click.option(
    "--side-by-side",
    "more",
    multiple=True,
    type=click.IntRange(min=2),
    metavar="N",
    help="Also measure N workers and their limits at the same time; may be given again.",
)
@click.option(
    "--game-image",
    default="standin",
    show_default=True,
    help="Slippi: the game. Only the stand-in's pictures say whether pairs are right.",
)
@click.option(
    "--heavy", is_flag=True, help="Slippi: let the stand-in draw a scene about as heavy as Melee's."
)
@click.option("--slippi-dolphin", help="Slippi: the playback Dolphin.  [SLIPPI_DOLPHIN]")
@scratch_option
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
def command(
    *, emulator: str, replay: Path | None, frames: int, runs: int, more: tuple[int, ...], game_image: str,
    heavy: bool, slippi_dolphin: str | None, scratch: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Render one game in every way, several times, and compare the worker with its limits and its peers.

    The machine should do nothing else meanwhile. The ratios hold on any machine; the times only on this one.
    Without a dump mainline Dolphin never draws the last thousand frames or more: with the stand-in, only a
    game of several thousand frames (--frames 7200) says what the emulator alone costs.
    """
    if heavy and emulator != "slippi":
        message = "--heavy is for Slippi's Dolphin: add --emulator slippi"
        raise click.UsageError(message)
    with tempfile.TemporaryDirectory(prefix="farm-measuring-", dir=scratch) as name:
        folder = Path(name)
        if replay is None:
            replay = folder / "game.slp"
            replay.write_bytes(record_match(7, num_frames=frames))
        request = CaptureRequest(
            "",
            emulator,
            str(replay.resolve()),
            pictures=str(folder / "pictures"),
            folder=name,
            game_image=game_image,
            program=slippi_dolphin,
            is_heavy=heavy,
        )
        with waiting("rendering one game in every way", is_measuring=True):
            keep_pictures(game_of(request), folder, folder / "pictures")
            alone = _rounds(request, tuple(WAYS[emulator]), runs, 1)
            beside = {
                count: _rounds(request, [way for way in _SIDE_BY_SIDE if way in WAYS[emulator]], runs, count)
                for count in more
            }
    if as_json:
        click.echo(
            json.dumps({"1": _as_json(alone), **{str(n): _as_json(found) for n, found in beside.items()}})
        )
        return
    for count, found in {1: alone, **beside}.items():
        _print(count, found)


def _rounds(
    request: CaptureRequest, ways: Sequence[str], num_rounds: int, count: int
) -> Mapping[str, Sequence[Sequence[CaptureRun]]]:
    """Run all ways in turn, round by round, so that a busy machine slows all of them alike."""
    rounds: dict[str, list[Sequence[CaptureRun]]] = {way: [] for way in ways}
    for _ in range(num_rounds):
        for way in ways:
            rounds[way].append(run_side_by_side(replace(request, way=way), count))
    return rounds


def _as_json(rounds: Mapping[str, Sequence[Sequence[CaptureRun]]]) -> dict[str, object]:
    return {
        "ways": {way: asdict(figures(each)) for way, each in rounds.items()},
        "ratios": [asdict(ratio) for ratio in ratios(rounds)],
    }


def _print(count: int, rounds: Mapping[str, Sequence[Sequence[CaptureRun]]]) -> None:
    table = Table(
        "way", "frames/s while the game runs", "frames/s in all", "CPU s per 1,000", "right pairs",
        "MB of memory", "MB of scratch",
        title=f"{count} at once" if count > 1 else None,
    )  # fmt: skip
    for way, each in rounds.items():
        table.add_row(way, *_cells(figures(each)))
    console = Console()
    console.print(table)
    for ratio in ratios(rounds):
        console.print(_sentence(ratio))


def _cells(found: WayFigures) -> tuple[str, ...]:
    return (
        "-" if found.game_frames_per_second is None else _words(found.game_frames_per_second, 0),
        _words(found.frames_per_second, 0),
        _words(found.cpu_seconds_per_1000, 1),
        "-" if found.right_share is None else f"{found.right_share:.2%}",
        f"{found.memory_megabytes.median:,.0f}",
        f"{found.scratch_megabytes.median:,.0f}",
    )


def _words(spread: Spread, digits: int) -> str:
    return f"{spread.median:,.{digits}f} ({spread.low:,.{digits}f} to {spread.high:,.{digits}f})"


def _sentence(ratio: Ratio) -> str:
    bound = "at most" if ratio.is_at_most else "at least"
    aim = "" if ratio.aim is None else f", aim {bound} {ratio.aim:.2f}"
    return f"{ratio.what}: {ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f}){aim}"
