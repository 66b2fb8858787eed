"""`farm calibrate`: measures an emulator's constants and keeps them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from farm.settings import load_settings
from farm.terminal.options import slippi_options
from farm.terminal.waiting import waiting
from workers.align.calibration import calibration_file, store_calibration
from workers.emulator.contract import EMULATORS, Deadlines
from workers.errors import ReplayRefused
from workers.rendering.calibrate import measure_constants
from workers.rendering.emulator_setup import emulator_setup
from workers.replay import read_replay
from workers.replay.source import read_source

EXAMPLE = """\b
Examples:
  farm calibrate
  farm calibrate --game-image melee.iso --replay ~/Slippi/a_lively_game.slp
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "--emulator",
    type=click.Choice(EMULATORS),
    help="The emulator to measure.  [default: slippi where a game image or Slippi is named, else standin]",
)
@click.option(
    "--replay",
    metavar="FILE",
    help="Game to measure on, the livelier the better; needed with Melee.  [default: one recorded here]",
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Where calibrations are kept. Without it: $DOLPHIN_FARM_CALIBRATION, or the user's cache folder.",
)
@slippi_options
@click.option("--json", "as_json", is_flag=True, help="Print the constants as one JSON object.")
def command(
    *, emulator: str | None, replay: str | None, file: Path | None, as_json: bool, **slippi: Any
) -> None:
    """Measure an emulator's constants on one rendered game, and keep them for later runs.

    It prints the offset of each kind of evidence on that game. The constants are kept under the fingerprint
    of emulator, settings and game program. From then on `farm render` and `farm/launch.py` use them: a run
    with the same fingerprint and another offset stops at once, before it renders thousands of games wrong.
    """
    settings = load_settings(
        {**slippi, "emulator": emulator}, os.environ, is_rendering=False, replays=(), out=""
    )
    if settings.emulator == "slippi" and settings.game_image != "standin" and replay is None:
        message = (
            "Melee computes the game itself, so a match of our recorder does not play in it: give a replay "
            "of your own, the livelier the better, with --replay FILE"
        )
        raise click.UsageError(message)
    set_up = emulator_setup(settings.emulator, slippi=settings.slippi())
    set_up.emulator.check()
    try:
        game = None if replay is None else read_replay(read_source(replay))
        with waiting(f"rendering a game with {settings.emulator}"):
            calibration, evidence = measure_constants(set_up, Deadlines(), replay=game)
    except ReplayRefused as refusal:
        message = f"{replay}: {refusal.detail}; give another game with --replay"
        raise click.ClickException(message) from refusal
    kept = file if file is not None else calibration_file()
    store_calibration(kept, calibration)
    console = Console()
    if as_json:
        click.echo(json.dumps(asdict(calibration), sort_keys=True))
        return
    table = Table("evidence", "offset", "confidence", "margin", "found")
    for item in evidence:
        margin = "" if item.margin is None else f"{item.margin:.2f}"
        offset = "-" if item.offset_frames is None else f"{item.offset_frames:+d}"
        table.add_row(item.name, offset, f"{item.confidence:.2f}", margin, item.detail)
    console.print(table)
    console.print(f"log lag {calibration.log_lag}, kept in {kept}")
