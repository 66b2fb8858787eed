"""`farm record`: makes replays of our own, for machines that have no real ones."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from manifests.state.schema import FIRST_SLP_FRAME
from workers.errors import EnvironmentFailed
from workers.replay.stage_geometry import LEGAL_STAGES, STAGES
from workers.standin.recorder import Recording, RecordOptions, record
from workers.standin.recorder.options import MAX_SECONDS

FRAMES_PER_SECOND = 60
ENTRY_FRAMES = -FIRST_SLP_FRAME  # before the timer starts, on top of the seconds asked for

_STAGE_IDS = {stage.name.casefold(): stage.stage_id for stage in STAGES.values()}


@click.command(
    epilog="Example: farm record --games 4 --out replays   (writes replays/recorded-1.slp to recorded-4.slp)"
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the files."
)
@click.option(
    "--games", type=click.IntRange(1, 100_000), default=4, show_default=True, help="How many to record."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**40),
    default=1,
    show_default=True,
    help="Seed of the first game; the others follow. The same seed gives the same file on any machine.",
)
@click.option(
    "--seconds",
    type=click.IntRange(1, MAX_SECONDS),
    default=None,
    help="Length of each game. Without it, each is played to its last stock.",
)
@click.option(
    "--stage",
    type=click.Choice(sorted(_STAGE_IDS), case_sensitive=False),
    default=None,
    help="One stage for all. Without it the six legal stages take turns.",
)
@click.option(
    "--rollback",
    type=click.FloatRange(0, 0.5),
    default=0.05,
    show_default=True,
    help="Extra frame versions per frame, as netplay writes them; 0 records a game at one machine.",
)
def command(
    *, out: Path, games: int, seed: int, seconds: int | None, stage: str | None, rollback: float
) -> None:
    """Record replays by a seeded simulation of matches, and write them as .slp files of version 3.18.

    Two fighters run, jump, fight, die and come back on a legal stage. The files hold rolled-back frames,
    projectiles and stage events; libmelee, peppi and this project's own reader can read them. No person
    played them.
    """
    console = Console()
    num_frames = None if seconds is None else ENTRY_FRAMES + seconds * FRAMES_PER_SECOND
    table = Table("file", "stage", "players", "frames", "versions", "kB")
    for game_seed in track(
        range(seed, seed + games), description="recording", console=console, disable=not console.is_terminal
    ):
        turn = LEGAL_STAGES[game_seed % len(LEGAL_STAGES)]
        stage_id = turn if stage is None else _STAGE_IDS[stage.casefold()]
        made = record(RecordOptions(game_seed, stage_id, num_frames, rollback_share=rollback))
        path = out / f"recorded-{game_seed}.slp"
        _write(path, made.data)
        table.add_row(*_row(path, made))
    console.print(table)


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: write it under another name, then rename it."""
    beside = path.with_suffix(".slp.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as problem:
        text = f"cannot write {path}: {problem.strerror}; choose another --out or make room"
        raise EnvironmentFailed(text) from problem


def _row(path: Path, made: Recording) -> tuple[str, ...]:
    players = " - ".join(character.name for character in made.setup.characters)
    return (
        path.name,
        made.setup.stage.name,
        players,
        str(len(made.played.frames)),
        str(len(made.written)),
        str(len(made.data) // 1000),
    )
