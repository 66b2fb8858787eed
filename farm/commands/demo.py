"""`farm demo`: makes a proved dataset from replays of our own in a few minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from farm.commands.render import render_here
from farm.settings import RunSettings
from workers.standin.recorder import record_match

EXAMPLE = """\b
Examples:
  farm demo
  farm demo --out dataset --replays ~/Slippi
"""
SEEDS = (1, 2, 3, 4)
FRAMES_PER_GAME = 2700  # 45 s of play: four games render in about two minutes on two cores


@click.command(epilog=EXAMPLE)
@click.option("--out", default="dataset", show_default=True, metavar="DIR", help="The dataset.")
@click.option("--replays", metavar="DIR", help="Your own replays instead of recorded ones.")
def command(out: str, replays: str | None) -> None:
    """Render a few replays with the stand-in game on real headless Dolphin, and say what to do next."""
    sources = replays or str(_recorded(Path("demo-replays")))
    status = render_here(RunSettings(replays=(sources,), out=out, emulator="standin", canary=False))
    videos = sorted(Path(out).glob("videos/*/*/*.mp4"))
    if videos:
        click.echo(
            f"\nWatch a clip:       {videos[0]}\n"
            f"Prove it again:     .venv/bin/farm audit {out} --depth decode\n"
            f"Your own replays:   .venv/bin/farm render --replays DIR --out {out} --emulator standin\n"
            "Melee itself:       .venv/bin/farm render --replays DIR --out melee --game-image MELEE.iso"
        )
    sys.exit(status)


def _recorded(folder: Path) -> Path:
    """Record the demo's replays that do not exist yet."""
    folder.mkdir(exist_ok=True)
    missing = [seed for seed in SEEDS if not (folder / f"recorded-{seed}.slp").exists()]
    console = Console(stderr=True)
    is_quiet = not missing or not console.is_terminal
    for seed in track(missing, "Recording replays", console=console, transient=True, disable=is_quiet):
        replay = record_match(seed, num_frames=FRAMES_PER_GAME)
        partial = folder / f".recorded-{seed}.partial"
        partial.write_bytes(replay)
        partial.rename(folder / f"recorded-{seed}.slp")
    return folder
