"""`farm bench bytes`: measures the bytes, processor time and quality of each way to encode."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table

from farm.bench._bytes_equal import regions_beside_plain
from farm.bench._bytes_trial import Way, resized_truth, run_trial
from farm.bench._bytes_truth import truth_of
from farm.bench._bytes_vmaf import lacks_for_vmaf
from farm.bench._pictures_scratch import scratch_option
from farm.terminal.waiting import waiting
from workers.rendering.crf import MAX_CRF, MIN_CRF
from workers.rendering.encode import Coding, VideoSettings
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.bench._bytes_trial import BytesTrial, Truth

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
_REGION_OFFSETS: Final = (-0.05, -0.1, -0.2)
_TABLE_COLUMNS: Final = 112
_SMALL: Final = (288, 384)
_LEGEND: Final = """\
GOP: pictures between key frames; r: refreshed column by column instead. B: pictures that refer to later ones.
regions: offset of the quantiser, a share of its range, inside fighters' boxes and on clock and damage.
CPU: seconds to encode 1,000 pictures. PSNR: of the brightness, dB. fighters: SSIM inside their boxes.
read: share of clock and damage read back rightly. ms: processor time to decode 16 pictures from anywhere.
Quality is that of the rows that show the game, without the stamp."""
_VMAF_LEGEND: Final = """\
VMAF: by the ffmpeg on PATH. Its model was made for 1920 x 1080, so compare values; none is a grade."""
_EQUAL_LEGEND: Final = """\
What regions add to a plain encoding of as many bytes, which lies between two CRFs; -: none is as large."""


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
    "--crf",
    "crfs",
    multiple=True,
    type=click.FloatRange(MIN_CRF, MAX_CRF),
    help="A CRF to try; may be given again.",
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
    """Encode the same pictures in many ways; compare bytes, processor time and quality.

    Quality is measured over the whole picture and inside the fighters' boxes, and by reading the clock and
    the damage back from the pictures. Random access is the time to decode 16 pictures from a random place.
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
            lacks = lacks_for_vmaf(folder)
            trials = _trials(truth_of(replay, frames, folder), ways, folder, has_vmaf=lacks is None)
    if plot is not None:
        from farm.bench._bytes_plot import draw  # noqa: PLC0415 - matplotlib takes a second to load

        draw(trials, plot)
    if as_json:
        click.echo(json.dumps([asdict(trial) for trial in trials]))
        return
    show(trials, lacks)


def show(trials: Sequence[BytesTrial], lacks_for_vmaf: str | None) -> None:
    """Print the tables of trials, and what their columns mean.

    Args:
        trials: the measured trials.
        lacks_for_vmaf: why VMAF was not measured; None if it was.
    """
    console = Console()
    console.width = max(console.width, _TABLE_COLUMNS)  # narrower cells would be cut off
    console.print(_table(trials))
    click.echo(_LEGEND)
    click.echo(f"VMAF: not measured, because {lacks_for_vmaf}." if lacks_for_vmaf else _VMAF_LEGEND)
    click.echo(f"\n{_EQUAL_LEGEND}")
    console.print(_equal_table(trials))


def ways_to_try(crfs: Sequence[float], presets: Sequence[str]) -> list[Way]:
    """List the ways to try: presets at every CRF, other codings at the middle CRF, small pictures at each.

    Regions of interest take more bytes, so each offset is tried at the middle CRF and all coarser ones.

    Raises:
        ValueError: there is no such preset.
    """
    middle = VideoSettings(sorted(crfs)[len(crfs) // 2])
    return [
        *(Way(VideoSettings(crf, preset)) for preset in presets for crf in crfs),
        *(Way(middle, coding) for coding in _CODINGS),
        *(
            Way(replace(middle, crf=crf), region_offset=offset)
            for offset in _REGION_OFFSETS
            for crf in crfs
            if crf >= middle.crf
        ),
        *(Way(VideoSettings(crf), size=_SMALL) for crf in crfs),
    ]


def _trials(truth: Truth, ways: Sequence[Way], folder: Path, *, has_vmaf: bool) -> list[BytesTrial]:
    truths: dict[tuple[int, int] | None, Truth] = {None: truth}
    for size in {way.size for way in ways if way.size is not None}:
        truths[size] = resized_truth(truth, size, folder / f"pictures-{size[0]}")
    return [run_trial(truths[way.size], way, folder / "video.mp4", has_vmaf=has_vmaf) for way in ways]


def _table(trials: Sequence[BytesTrial]) -> Table:
    table = _with_columns(
        "preset", "CRF", "rows", "GOP", "B", "regions", "B/frame", "CPU", "PSNR", "SSIM", "VMAF", "fighters",
        "read", "ms",
    )  # fmt: skip
    for trial in trials:
        table.add_row(
            trial.preset,
            f"{trial.crf:g}",
            f"{trial.height}",
            f"{trial.gop_pictures}" + ("r" if trial.refreshes_within else ""),
            f"{trial.b_frames}",
            f"{trial.region_offset:g}" if trial.region_offset else "-",
            f"{trial.bytes_per_frame:,.0f}",
            f"{trial.cpu_seconds_per_1000:.2f}",
            f"{trial.psnr_db:.1f}",
            f"{trial.ssim:.4f}",
            _or_dash(trial.vmaf, ".1f"),
            _or_dash(trial.ssim_fighters, ".4f"),
            _or_dash(trial.read_share, ".1%"),
            _or_dash(trial.window_milliseconds, ".1f"),
        )
    return table


def _equal_table(trials: Sequence[BytesTrial]) -> Table:
    table = _with_columns("regions", "CRF", "B/frame", "PSNR", "SSIM", "VMAF", "fighters")
    for trial, gain in regions_beside_plain(trials):
        table.add_row(
            f"{trial.region_offset:g}",
            f"{trial.crf:g}",
            f"{trial.bytes_per_frame:,.0f}",
            _or_dash(gain.psnr_db, "+.2f"),
            _or_dash(gain.ssim, "+.4f"),
            _or_dash(gain.vmaf, "+.1f"),
            _or_dash(gain.ssim_fighters, "+.4f"),
        )
    return table


def _with_columns(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, no_wrap=True)
    return table


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
