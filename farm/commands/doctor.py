"""`farm doctor`: checks this machine before rendering on it."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from farm.machine.doctor import Finding, examine, is_ready
from farm.machine.doctor_slippi import slippi_checks
from farm.machine.doctor_standin import standin_checks
from farm.terminal.fetched_file import PROGRAM_FILE, game_image_here
from farm.terminal.waiting import waiting
from workers.emulator.drawing import RENDERER_CHOICES, RendererChoice

EXAMPLE = """\b
Examples:
  farm doctor
  farm doctor --emulator slippi --game-image melee.iso
  farm doctor --emulator slippi --game-image melee.iso --renderer gpu --slots 8
  farm doctor --emulator slippi --game-image standin --slippi-dolphin ~/dolphin-emu --json
"""
_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]look[/]", "failed": "[red]failed[/]"}


@click.command(epilog=EXAMPLE)
@click.option(
    "--emulator",
    type=click.Choice(["standin", "slippi"]),
    default="standin",
    show_default=True,
    help="The emulator to render with: our own game on Debian's Dolphin, or Slippi's Dolphin.",
)
@click.option(
    "--slippi-dolphin",
    type=PROGRAM_FILE,
    help="The playback Dolphin: AppImage, program or folder.  [default: SLIPPI_DOLPHIN, else the Launcher's]",
)
@click.option(
    "--renderer",
    type=click.Choice(RENDERER_CHOICES),
    default="auto",
    show_default=True,
    help="Slippi: who is to draw; `gpu` fails where none does.",
)
@click.option("--game-image", metavar="FILE", help="Your Melee disc image, or `standin` for our own game.")
@click.option(
    "--slots", type=click.IntRange(min=1), default=1, show_default=True, help="Workers side by side."
)
@click.option(
    "--scratch",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where throw-away files go.  [default: the system's temporary folder]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(
    emulator: str,
    slippi_dolphin: Path | None,
    renderer: RendererChoice,
    game_image: str | None,
    slots: int,
    scratch: Path | None,
    as_json: bool,
) -> None:
    """Check everything that rendering needs on this machine, and say how to get what is missing.

    Exit status: 0 ready, 2 something is missing.
    """
    game_image = game_image_here(game_image)
    folder = scratch or Path(tempfile.gettempdir())
    if emulator == "slippi":
        checks = slippi_checks(slippi_dolphin, game_image, slots, folder, renderer)
    else:
        checks = standin_checks(slots, folder)
    with waiting("looking"):
        findings = examine(checks)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print_table(findings, emulator)
    sys.exit(0 if is_ready(findings) else 2)


def _print_table(findings: tuple[Finding, ...], emulator: str) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(_MARKS[finding.outcome], finding.name, finding.detail)
        if finding.remedy:
            table.add_row("", "", f"[bold]-> {finding.remedy}[/]")
    console = Console()
    console.print(table)
    num_failed = sum(finding.outcome == "failed" for finding in findings)
    if num_failed:
        console.print(f"{num_failed} of {len(findings)} stand in the way of --emulator {emulator}.")
    else:
        console.print(f"Ready for --emulator {emulator}.")
