"""`farm bench state`: measures how fast replays become state tables, against libmelee and peppi."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from farm.planning.listing import list_replays
from farm.planning.scanned_replay import Found
from farm.terminal.waiting import waiting
from manifests.state.file import read_states, states_bytes
from workers.errors import ReplayRefused
from workers.rendering.chunk import DEFAULT_FRAMES_PER_CHUNK
from workers.replay import read_replay
from workers.replay.melee_names import step_through
from workers.replay.renderable import renderable
from workers.replay.source import read_source
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_ROUNDS = 7
_WINDOW_FRAMES = 60
_LEAST_FRAMES = 1200  # shorter games would measure the start-up
_PEPPI_SECONDS = 120.0
_RECORDED_SEEDS, _RECORDED_FRAMES = (1, 2), 5000

EXAMPLE = """\b
Examples:
  farm bench state                        on games recorded for it
  farm bench state --replays ~/Slippi --games 20 --json
"""


@dataclass(frozen=True, slots=True)
class ReadingTimes:
    """Processor seconds for one game, medians of several rounds; None if the other reader failed.

    Attributes:
        num_frames: Rows of the game's state.
        read: Reading bytes into a `Replay`.
        table: Reading bytes into a `StateTable`, by way of the `Replay`.
        digest: Hashing the state.
        write: Writing the table into states files.
        window: Reading 60 frames of all columns from a states file, at places spread over it.
        states_bytes: Size of the game's states files.
        libmelee: Stepping through all frames with libmelee; one round.
        peppi: Reading with `peppi_py.read_slippi`.
    """

    num_frames: int
    read: float
    table: float
    digest: float
    write: float
    window: float
    states_bytes: int
    libmelee: float | None
    peppi: float | None


@click.command(epilog=EXAMPLE)
@click.option(
    "--replays", "sources", multiple=True, metavar="SOURCE", help="Replays to measure on; default: recorded."
)
@click.option(
    "--games",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help="Measure on at most this many: the first that are long enough.",
)
@click.option("--no-libmelee", is_flag=True, help="Leave out libmelee, which takes a second or more a game.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(*, sources: tuple[str, ...], games: int, no_libmelee: bool, as_json: bool) -> None:
    """Measure reading replays into states: processor time on one core, compared with libmelee and peppi."""
    with tempfile.TemporaryDirectory(prefix="farm-measuring-") as scratch:
        paths = gather(sources, games, Path(scratch))
        if not paths:
            message = f"none of these replays is a renderable game of {_LEAST_FRAMES} frames or more"
            raise click.ClickException(message)
        with waiting(f"reading {len(paths)} replays", is_measuring=True):
            peppi = peppi_seconds(paths)
            measured = [
                measure(path, peppi_of_it, with_libmelee=not no_libmelee)
                for path, peppi_of_it in zip(paths, peppi, strict=True)
            ]
    figures = summarise(measured)
    if as_json:
        click.echo(json.dumps(figures))
    else:
        _print(figures, Console())


def gather(sources: Sequence[str], games: int, scratch: Path) -> list[Path]:
    """Return the first renderable games of the sources as plain files, or games recorded for the purpose."""
    if not sources:
        for seed in _RECORDED_SEEDS[:games]:
            (scratch / f"{seed}.slp").write_bytes(record_match(seed, num_frames=_RECORDED_FRAMES))
        return sorted(scratch.glob("*.slp"))
    paths: list[Path] = []
    for found in list_replays(sources):
        if isinstance(found, Found) and len(paths) < games:
            try:
                data = read_source(found.locator) if found.data is None else found.data
                is_long = renderable(read_replay(data)).num_frames >= _LEAST_FRAMES
            except ReplayRefused:
                continue
            if is_long:
                paths.append(scratch / f"{len(paths)}.slp")
                paths[-1].write_bytes(data)
    return paths


def measure(path: Path, peppi: float | None, *, with_libmelee: bool) -> ReadingTimes:
    """Measure every figure of one game."""
    data = path.read_bytes()
    replay = read_replay(data)
    table = state_table(replay)
    ends = range(
        DEFAULT_FRAMES_PER_CHUNK, table.num_frames + DEFAULT_FRAMES_PER_CHUNK, DEFAULT_FRAMES_PER_CHUNK
    )
    chunks = [table.slice(end - DEFAULT_FRAMES_PER_CHUNK, min(end, table.num_frames)) for end in ends]
    files = [states_bytes(chunk) for chunk in chunks]
    # Windows are spread over the file: one that straddles two row groups, as one in five does, costs almost
    # twice as much.
    last_start, num_windows = chunks[0].num_frames - _WINDOW_FRAMES, 5 * _ROUNDS
    starts = iter([last_start * k // (num_windows - 1) for k in range(num_windows)])
    return ReadingTimes(
        num_frames=table.num_frames,
        read=median_seconds(lambda: read_replay(data)),
        table=median_seconds(lambda: state_table(read_replay(data))),
        digest=median_seconds(lambda: table.slice(0, table.num_frames).sha256),
        write=median_seconds(lambda: [states_bytes(chunk) for chunk in chunks], rounds=2),
        window=median_seconds(
            lambda: read_states(files[0], start := next(starts), start + _WINDOW_FRAMES), rounds=num_windows
        ),
        states_bytes=sum(len(file) for file in files),
        libmelee=_libmelee_seconds(path) if with_libmelee else None,
        peppi=peppi,
    )


def median_seconds(job: Callable[[], object], rounds: int = _ROUNDS) -> float:
    """Return the median of the processor seconds of several rounds."""
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        job()
        seconds.append(time.process_time() - started)
    return statistics.median(seconds)


def _libmelee_seconds(path: Path) -> float | None:
    started = time.process_time()
    try:
        step_through(path)
    except (ValueError, TypeError, KeyError):
        # Raised on versions that libmelee does not know; see the parity tests.
        return None
    return time.process_time() - started


def peppi_seconds(paths: Sequence[Path]) -> list[float | None]:
    """Return the time that peppi takes for each file; None if it fails, or is not installed."""
    seconds: list[float | None] = []
    for path in paths:
        command_line = [sys.executable, "-P", "-m", "farm.bench._peppi", str(_ROUNDS), str(path)]
        try:
            done = subprocess.run(
                command_line, capture_output=True, timeout=_PEPPI_SECONDS, check=False, text=True
            )
            seconds.append(float(done.stdout) if done.returncode == 0 else None)
        except subprocess.TimeoutExpired:
            seconds.append(None)
    return seconds


def summarise(measured: Sequence[ReadingTimes]) -> dict[str, Any]:
    """Return the figures of a run: means over games; ratios of sums over the games that both readers read."""
    frames = sum(game.num_frames for game in measured)
    figures: dict[str, Any] = {
        "games": len(measured),
        "frames_per_game": round(frames / len(measured)),
        "read_ms_per_game": _mean_ms(game.read for game in measured),
        "table_ms_per_game": _mean_ms(game.table for game in measured),
        "hash_ms_per_game": _mean_ms(game.digest for game in measured),
        "write_ms_per_game": _mean_ms(game.write for game in measured),
        "window_ms": round(1e3 * statistics.median(game.window for game in measured), 2),
        "games_per_second_per_core": round(len(measured) / sum(game.table for game in measured), 1),
        "frames_per_second_per_core": round(frames / sum(game.table for game in measured)),
        "states_mb_per_9400_frames": round(9400e-6 * sum(game.states_bytes for game in measured) / frames, 3),
    }
    for name in ("libmelee", "peppi"):
        both = [(getattr(game, name), game.table) for game in measured if getattr(game, name) is not None]
        if both:
            theirs, ours = (sum(column) for column in zip(*both, strict=True))
            figures[f"{name}_ms_per_game"] = round(1e3 * theirs / len(both), 2)
            figures[f"times_as_fast_as_{name}"] = round(theirs / ours, 2)
    return figures


def _mean_ms(seconds: Iterable[float]) -> float:
    return round(1e3 * statistics.fmean(seconds), 2)


def _print(figures: dict[str, Any], console: Console) -> None:
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), f"{value:,}")
    console.print(table)
