"""`farm calibrate`: an emulator's constants, measured and kept."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from workers.align.calibration import calibration_file, store_calibration
from workers.calibrate import measure_constants
from workers.emulator.contract import Deadlines
from workers.studio import EMULATORS, studio


@click.command(epilog="Example: farm calibrate --emulator standin")
@click.option(
    "--emulator", type=click.Choice(EMULATORS), default="standin", show_default=True, help="Which one."
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Where calibrations are kept. Without it: $DOLPHIN_FARM_CALIBRATION, or the user's cache folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the constants as one JSON object.")
def command(*, emulator: str, file: Path | None, as_json: bool) -> None:
    """Render a recorded game and keep what the emulator's constants turn out to be.

    Reports each evidence's offset on it. The constants are kept under the fingerprint of emulator,
    settings and game program; a later run on the same fingerprint whose offset differs stops at once,
    before it renders thousands of games wrong.
    """
    set_up = studio(emulator)
    set_up.emulator.check()
    calibration, evidence = measure_constants(set_up, Deadlines())
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
