"""Times one way to take a game's pictures, in a process of its own, so that only its costs are measured.

CaptureRequest as JSON on stdin -> the way, timed -> CaptureRun as JSON on stdout
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from farm.bench._capture_ways import WAYS, CaptureRequest, game_of, is_worker, shown_frames
from farm.bench._footprint import FootprintWatch
from farm.bench._stamped import count_right
from workers.errors import EnvironmentFailed, FarmError
from workers.job import Clock
from workers.standin.recorder import record_match

_RUN_SECONDS: Final = 2400.0
_WARM_UP_FRAMES: Final = 60


@dataclass(frozen=True, slots=True)
class CaptureRun:
    """The cost of one run of a way, and how many of its pairs are right.

    Attributes:
        num_frames: length of the game.
        wall_seconds: seconds by the clock, including start and end of the emulator.
        game_seconds: from the game's first line or picture to its last; 0 if that is not known.
        cpu_seconds: processor time of the process and its ended children, without the loading of libraries.
        num_right: frames whose picture, by index, shows them; None if the way makes no video.
        memory_bytes: the most memory of the process and its children; 0 if it was not watched.
        scratch_bytes: the most bytes that it had on disk, without its output; 0 if it was not watched.
    """

    num_frames: int
    wall_seconds: float
    game_seconds: float
    cpu_seconds: float
    num_right: int | None
    memory_bytes: int = 0
    scratch_bytes: int = 0


def run_side_by_side(request: CaptureRequest, count: int) -> list[CaptureRun]:
    """Run a way in several processes at once, and return the cost of each.

    Raises:
        EnvironmentFailed: one of the processes failed.
    """
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(_run_apart, [request] * count))


def run_way(request: CaptureRequest) -> CaptureRun:
    """Run a way once in this process, and return its cost.

    Raises:
        KeyError: there is no way of that name.
        FarmError: the emulator, the encoder or the machine failed.
    """
    way = WAYS[request.emulator][request.way]
    with tempfile.TemporaryDirectory(prefix="farm-measuring-", dir=request.folder) as name:
        if is_worker(request.way):
            _warm_up(request, Path(name))
        clock = Clock()
        game = game_of(request)
        played = way(game, Path(name))
        wall, used = clock.wall_seconds, clock.cpu_seconds
        num_frames = game.boot.num_frames
        num_right = (
            count_right(shown_frames(played), num_frames) if played.videos and game.set_up.has_stamp else None
        )
    return CaptureRun(num_frames, wall, played.game_seconds, used, num_right)


def _warm_up(request: CaptureRequest, folder: Path) -> None:
    """Render a second of a game first, since a worker renders hundreds of games and loads libraries once."""
    (folder / "short.slp").write_bytes(record_match(1, num_frames=_WARM_UP_FRAMES))
    (folder / "short").mkdir()
    game = game_of(replace(request, replay=str(folder / "short.slp")))
    WAYS[request.emulator][request.way](game, folder / "short")


def _run_apart(request: CaptureRequest) -> CaptureRun:
    with tempfile.TemporaryDirectory(prefix="farm-measuring-", dir=request.folder) as name:
        found, watch = _run_watched(replace(request, folder=name))
    return replace(found, memory_bytes=watch.memory_bytes, scratch_bytes=watch.scratch_bytes)


def _run_watched(request: CaptureRequest) -> tuple[CaptureRun, FootprintWatch]:
    # -P: use the installed package, and not a folder of the same name in the current one.
    words = [sys.executable, "-P", "-m", "farm.bench._capture_run"]
    asked = json.dumps(asdict(request))
    with (
        subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
        FootprintWatch(process.pid, Path(request.folder)) as watch,
    ):
        try:
            said, complaint = process.communicate(asked, timeout=_RUN_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            message = f"{request.way}: not done within {_RUN_SECONDS:.0f} s"
            raise EnvironmentFailed(message) from error
    if process.returncode:
        lines = complaint.strip().splitlines()
        message = f"{request.way}: {lines[-1] if lines else f'ended with status {process.returncode}'}"
        raise EnvironmentFailed(message)
    return CaptureRun(**json.loads(said.splitlines()[-1])), watch


def _main() -> None:
    try:
        found = run_way(CaptureRequest(**json.load(sys.stdin)))
    except FarmError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    _main()
