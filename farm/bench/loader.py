"""`farm bench loader`: measures how fast windows are read, against decoding alone, LeRobot and torchcodec."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from farm.bench._distance import Distance
from farm.bench._sizes import measure_size
from farm.bench._state_windows import measure
from farm.bench._stretch import stretch
from farm.bench._window_times import WindowTimes, alternated, median_of
from farm.terminal.picture_size import read_size
from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec
from manifests.video.decoder import DecoderMissing, GopRun
from manifests.video.mp4 import decode_back_to_back
from manifests.video.open_decoder import open_decoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manifests.training.dataset import WindowDataset
    from manifests.training.reader import Verify

_ROUNDS = 3
_BATCH = 8
_FPS = 60
_LEROBOT_SECONDS = 400.0

EXAMPLE = """\b
Examples:
  farm bench loader --dataset dataset
  farm bench loader --dataset states --state --hours 6
  farm bench loader --dataset dataset --size 64x128
  farm bench loader --dataset dataset --hours 2 --lerobot-python ~/lerobot/bin/python --json
  farm bench loader --dataset dataset --remote s3://bucket/dataset --latency-ms 20 --core 0
"""


@click.command(epilog=EXAMPLE)
@click.option(
    "--dataset",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A local dataset.",
)
@click.option(
    "--hours",
    type=float,
    default=0.0,
    help="Also measure on a dataset of this many hours, made of links to this one.",
)
@click.option(
    "--windows", type=click.IntRange(min=8), default=96, show_default=True, help="Windows per round."
)
@click.option(
    "--window", type=click.IntRange(min=1), default=16, show_default=True, help="Frames per window."
)
@click.option(
    "--lerobot-python",
    type=click.Path(exists=True, dir_okay=False),
    help="Compare with LeRobot, run by this Python.",
)
@click.option("--remote", help="URL of the same dataset on S3, to be compared with the local one.")
@click.option(
    "--latency-ms", type=float, default=0.0, help="Milliseconds added to every request to --remote."
)
@click.option(
    "--core",
    type=click.IntRange(min=0),
    help="Read --remote, and the local one beside it, on this core alone; keep the server off it (taskset).",
)
@click.option(
    "--server-pid",
    type=int,
    help="Process id of --remote's server on this machine; then its processor time is told.",
)
@click.option(
    "--size",
    metavar="ROWSxCOLUMNS",
    help="Measure pictures that are resized to this while they are decoded, and by peers afterwards.",
)
@click.option(
    "--state",
    is_flag=True,
    help="Measure windows of states alone; with --hours also where the cache just holds the set, or not.",
)
@click.option(
    "--games",
    type=click.IntRange(min=1),
    default=288_000,
    show_default=True,
    help="--state: games of a simulated set, made of the same files again and again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    *, dataset: Path, hours: float, windows: int, window: int, lerobot_python: str | None, remote: str | None,
    latency_ms: float, core: int | None, server_pid: int | None, size: str | None,
    state: bool, games: int, as_json: bool,
) -> None:  # fmt: skip
    """Measure windows per second and frames per core-second of the loader against decoding alone."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="farm-measuring-", dir=dataset.parent) as scratch:
        if state:
            found["state"] = measure(dataset, Path(scratch), hours, games)
            _tell(found, as_json=as_json)
            return
        cache = Path(scratch) / "cache"
        if size:
            found["size"] = measure_size(dataset, read_size(size), window, windows, cache)
            _tell(found, as_json=as_json)
            return
        found["dataset"] = local(dataset, window, windows, cache)
        if lerobot_python:
            ours = found["dataset"]["random"]["loader"]["frames_per_core_second"]
            found["lerobot"] = lerobot(lerobot_python, dataset, window, windows, ours)
        if hours:
            large = Path(scratch) / "large"
            num_frames = stretch(dataset, large, round(hours * 3600 * _FPS))
            found["stretched"] = {"frames": num_frames, **local(large, window, windows, cache, verify="none")}
        if remote:
            bench = Distance(dataset, remote, latency_ms, window, windows, cache, core, server_pid)
            found["remote"] = bench.measure()
    _tell(found, as_json=as_json)


def _tell(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
    else:
        _print(found, Console())


def local(root: Path, window: int, num_windows: int, cache: Path, verify: Verify = "mark") -> dict[str, Any]:
    """Measure the loader, plain decoding and torchcodec on windows that begin at GOPs, or anywhere."""
    found: dict[str, Any] = {}
    specs = {"gop": WindowSpec(window), "random": WindowSpec(window, start="any", stride=7)}
    for kind, spec in specs.items():
        dataset = open_dataset(root, window=spec, verify=verify, cache=Cache(cache), as_torch=False)
        for place in range(0, len(dataset), max(1, 300 // spec.stride if spec.start == "any" else 10)):
            # States are packed here, so that no measurement includes the packing.
            dataset.reader.fetch(*dataset.index.locate(place))
        places = [dataset.index.locate(place) for place in _chosen(len(dataset), num_windows)]
        jobs: dict[str, Callable[[], int]] = {
            "loader": partial(_load, dataset, places),
            "limit": partial(_limit, dataset, places),
        }
        if _has_torchcodec():
            jobs["torchcodec"] = partial(_torchcodec, dataset, places)
        paces = alternated(jobs, len(places), _ROUNDS)
        found[kind] = {name: median_of(rounds).figures() for name, rounds in paces.items()}
        for other in jobs.keys() - {"loader"}:
            ratios = [
                theirs.cpu_seconds / ours.cpu_seconds
                for ours, theirs in zip(paces["loader"], paces[other], strict=True)
            ]
            found[kind][f"loader_to_{other}"] = round(statistics.median(ratios), 3)
    return found


def _has_torchcodec() -> bool:
    try:
        open_decoder("torchcodec", "rgb")
    except DecoderMissing:
        return False
    return True


def _chosen(total: int, count: int) -> list[int]:
    return random.Random(0).choices(range(total), k=count)


def _load(dataset: WindowDataset, places: list[tuple[int, int]]) -> int:
    """Read windows as a training step gets them: fetched, decoded, with states, stacked into batches."""
    frames = 0
    for first in range(0, len(places), _BATCH):
        part = places[first : first + _BATCH]
        batch = dataset.collate((dataset.reader.fetch(*place) for place in part), len(part))
        frames += batch["video"].shape[0] * batch["video"].shape[1]
    return frames


def _runs(dataset: WindowDataset, places: list[tuple[int, int]]) -> Iterator[tuple[GopRun, Any]]:
    footage, spec = dataset.footage, dataset.index.spec
    for chunk, start in places:
        seen = spec.seen_frames(start)
        span = footage.gop_span(chunk, int(seen[0]), int(seen[-1]))
        data = dataset.reader.store.get_range(
            footage.video_key(chunk), span.byte_start, span.byte_exclusive_end
        )
        yield (
            GopRun(data, footage.avcc(chunk), footage.video.width, footage.video.height),
            seen - span.first_frame_index,
        )


def _limit(dataset: WindowDataset, places: list[tuple[int, int]]) -> int:
    """Decode the same frames consecutively with PyAV, to RGB arrays, and do nothing else."""
    return sum(
        decode_back_to_back(
            ((run.data, wanted.tolist()) for run, wanted in _runs(dataset, places)), dataset.footage.avcc(0)
        )
    )


def _torchcodec(dataset: WindowDataset, places: list[tuple[int, int]]) -> int:
    """Read the same frames with torchcodec as its users do: a video is opened once per window."""
    from torchcodec.decoders import VideoDecoder  # noqa: PLC0415 - an extra

    frames = 0
    for chunk, start in places:
        path = Path(dataset.url) / dataset.footage.video_key(chunk)
        video = VideoDecoder(str(path), seek_mode="approximate", num_ffmpeg_threads=1)
        frames += int(video.get_frames_in_range(start, start + dataset.index.spec.window).data.shape[0])
    return frames


def lerobot(python: str, root: Path, window: int, num_windows: int, ours: float) -> dict[str, Any]:
    """Measure stock LeRobot on the same dataset, by the LeRobot tables that `farm finalize` compiled."""
    found: dict[str, Any] = {}
    script = Path(__file__).with_name("_lerobot.py")
    for backend in ("torchcodec", "pyav"):
        words = [python, str(script), str(root), str(window), str(num_windows), backend]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=_LEROBOT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            found[backend] = {"failed": [f"not done within {_LEROBOT_SECONDS:.0f} s"]}
            continue
        if done.returncode:
            found[backend] = {"failed": done.stderr.strip().splitlines()[-1:]}
            continue
        pace = WindowTimes(**json.loads(done.stdout.strip().splitlines()[-1]))
        found[backend] = {
            **pace.figures(),
            "times_as_fast": round(ours / pace.figures()["frames_per_core_second"], 2),
        }
    return found


def _print(found: dict[str, Any], console: Console) -> None:
    table = Table("what", "windows/s", "frames/core-s")
    for section, kinds in found.items():
        for kind, value in kinds.items():
            rows = value.items() if isinstance(value, dict) and "windows" not in value else [("", value)]
            for name, row in rows:
                label = " ".join(part for part in (section, kind, name) if part)
                if isinstance(row, dict):
                    table.add_row(
                        label,
                        str(row.get("windows_per_second", "")),
                        str(row.get("frames_per_core_second", row)),
                    )
                else:
                    table.add_row(label, "", str(row))
    console.print(table)
