"""`farm bench bytes`: what each way to encode costs in bytes and processor time, and what it leaves."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table

from farm.bench._bytes_trial import Way, run_trial
from farm.bench._bytes_truth import truth_of
from farm.bench._pictures_scratch import scratch_option
from farm.terminal.waiting import waiting
from workers.rendering.encode import Coding, VideoSettings
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.bench._bytes_trial import BytesTrial

EXAMPLE = """\b
Examples:
  farm bench bytes
  farm bench bytes --replay game.slp --frames 900 --plot bytes.png
  farm bench bytes --preset veryfast --preset medium --crf 23 --crf 28 --json
"""
_CRFS: Final = (20.0, 23.0, 26.0, 28.0, 30.0, 32.0)
_PRESETS: Final = ("superfast", "veryfast", "faster", "fast", "medium")
_CODINGS: Final = (
    Coding(gop_pictures=15),
    Coding(gop_pictures=60),
    Coding(gop_pictures=120),
    Coding(b_frames=2),
    Coding(refreshes_within=True),
)
_TABLE_COLUMNS: Final = 100
_SMALL: Final = (288, 384)
_LEGEND: Final = """\
GOP: pictures between key frames; r: refreshed column by column instead. B: pictures that refer to later ones.
CPU: seconds to encode 1,000 pictures. PSNR: of the brightness, dB. fighters: SSIM inside their boxes.
read: share of clock and damage read back rightly. ms: processor time to decode 16 pictures from anywhere."""


@click.command(epilog=EXAMPLE)
@click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Play this replay on the stand-in.  [a recorded game]",
)
@click.option(
    "--frames",
    type=click.IntRange(min=120),
    default=900,
    show_default=True,
    help="How many pictures, from the first.",
)
@click.option(
    "--crf", "crfs", multiple=True, type=click.FloatRange(0, 51), help="A CRF to try; may be given again."
)
@click.option("--preset", "presets", multiple=True, help="One of x264's presets to try; may be given again.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw quality over bytes into this PNG."
)
@scratch_option
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
def command(
    *, replay: Path | None, frames: int, crfs: tuple[float, ...], presets: tuple[str, ...], plot: Path | None,
    scratch: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Encode the same pictures in many ways; compare bytes, processor time and what can still be seen.

    Quality is measured over the whole picture and inside the fighters' boxes, and by reading the clock and
    the damage back from the pictures. Random access is the time to decode 16 pictures from anywhere.
    """
    try:
        ways = ways_to_try(crfs or _CRFS, presets or _PRESETS)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    with tempfile.TemporaryDirectory(prefix="farm-measuring-", dir=scratch) as name:
        folder = Path(name)
        if replay is None:
            replay = folder / "game.slp"
            replay.write_bytes(record_match(7, num_frames=frames))
        with waiting(f"encoding {frames} pictures in {len(ways)} ways", is_measuring=True):
            truth = truth_of(replay, frames, folder)
            trials = [run_trial(truth, way, folder / "video.mp4") for way in ways]
    if plot is not None:
        from farm.bench._bytes_plot import draw  # noqa: PLC0415 - matplotlib takes a second to load

        draw(trials, plot)
    if as_json:
        click.echo(json.dumps([asdict(trial) for trial in trials]))
        return
    console = Console()
    console.width = max(console.width, _TABLE_COLUMNS)  # narrower cells would be cut off
    console.print(_table(trials))
    click.echo(_LEGEND)


def ways_to_try(crfs: Sequence[float], presets: Sequence[str]) -> list[Way]:
    """List every preset at every CRF, the other codings at the middle CRF, and small pictures at each CRF.

    Raises:
        ValueError: there is no such preset.
    """
    middle = VideoSettings(sorted(crfs)[len(crfs) // 2])
    return [
        *(Way(VideoSettings(crf, preset)) for preset in presets for crf in crfs),
        *(Way(middle, coding) for coding in _CODINGS),
        *(Way(VideoSettings(crf), size=_SMALL) for crf in crfs),
    ]


def _table(trials: Sequence[BytesTrial]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in (
        "preset", "CRF", "rows", "GOP", "B", "B/frame", "CPU", "PSNR", "SSIM", "fighters", "read", "ms",
    ):  # fmt: skip
        table.add_column(title, no_wrap=True)
    for trial in trials:
        table.add_row(
            trial.preset,
            f"{trial.crf:g}",
            f"{trial.height}",
            f"{trial.gop_pictures}" + ("r" if trial.refreshes_within else ""),
            f"{trial.b_frames}",
            f"{trial.bytes_per_frame:,.0f}",
            f"{trial.cpu_seconds_per_1000:.2f}",
            f"{trial.psnr_db:.1f}",
            f"{trial.ssim:.4f}",
            _or_dash(trial.ssim_fighters, ".4f"),
            _or_dash(trial.read_share, ".1%"),
            _or_dash(trial.window_milliseconds, ".1f"),
        )
    return table


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
