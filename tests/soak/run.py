"""Render many short games through two slots, and see whether anything grows with the games.

    python -m tests.soak.run --games 2000 --out soak.json          20 minutes to an hour on two cores

`make soak` runs GAMES (2000 unless set). The real command renders recorded games, each as short as the
recorder makes them, on the stand-in's real Dolphin. Slots are not replaced unless asked, so that nothing that
they leak is hidden. While it works, memory, descriptors, threads, the scratch folder in memory, the temporary
folder and the log are sampled from outside; at the end a line is fitted through each, with a 95 % confidence
interval of its slope. Exit status: 0 all games are committed and all is flat, 1 not.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.end_to_end.command import FarmCommand
from tests.soak.sampling import sample
from tests.soak.slopes import slope
from workers.replay import read_replay
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE_SECONDS: Final = 2.0
MOST_GAMES: Final = 50_000
"""Larger seeds give games that claim the start time of another one, and so count as its duplicates."""
MOST_SECONDS_A_GAME: Final = 60.0

ALLOWED: Final = {"MiB": 1 / 128, "KiB": 1 / 4, "": 1 / 1000}
"""Growth allowed per game, by unit: 8 KiB of memory, a line of 256 B in the log, one thing in 1,000 games."""


def record(folder: Path, seed: int, num_games: int, num_frames: int) -> None:
    """Record different games, none a duplicate of another.

    Nobody has acted after so few frames, so games of the same stage and random seed would count as recordings
    of one game that disagree.
    """
    folder.mkdir(parents=True)
    beginnings: set[tuple[int, int]] = set()
    for game in random.Random(seed).sample(range(MOST_GAMES), MOST_GAMES):
        data = record_match(game, num_frames=num_frames)
        begins = read_replay(data).record
        if (begins.stage_id, begins.rng_seed) not in beginnings:
            (folder / f"{len(beginnings)}.slp").write_bytes(data)
            beginnings.add((begins.stage_id, begins.rng_seed))
        if len(beginnings) == num_games:
            return


def soaked(
    place: Path, seed: int, num_games: int, num_frames: int, recycle: int, keep: Path
) -> tuple[list[dict[str, float]], int]:
    """Render all games; return the samples, and how many games were committed."""
    command = FarmCommand(place)
    record(place / "replays", seed, num_games, num_frames)
    out, log = place / "dataset", place / "log"
    samples: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="farm-soak-", dir="/dev/shm") as memory:
        arguments = [
            "render",
            "--replays",
            place / "replays",
            "--out",
            out,
            "--emulator",
            "standin",
            "--slots",
            2,
        ]
        arguments += ["--scratch", Path(memory) / "scratch", "--recycle-games", recycle]
        with log.open("wb") as output:
            driver = subprocess.Popen(
                [sys.executable, "-c", "from farm.cli import main; main()", *map(str, arguments)],
                env=command.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            deadline = time.monotonic() + 120 + num_games * MOST_SECONDS_A_GAME
            while driver.poll() is None and time.monotonic() < deadline:
                done = num_entries(out)
                if 0 < done < num_games:
                    samples.append({"games": done, **sample(driver.pid, Path(memory), place / "tmp", log)})
                    keep.write_text(json.dumps(samples))
                time.sleep(SAMPLE_SECONDS)
        finally:
            driver.kill()
            driver.wait(60)
        left = [str(path) for path in Path(memory).rglob("scratch-*")]
    sys.stdout.write(log.read_text(errors="replace")[-400:])
    assert not left, f"left in scratch: {left}"
    assert not command.descendants("dolphin-emu"), "an emulator is left"
    committed = sum(b'"committed"' in path.read_bytes() for path in (out / "ledger").glob("*.json"))
    return samples, committed


def num_entries(out: Path) -> int:
    """How many games of a dataset in a folder have a ledger entry."""
    return sum(1 for _ in (out / "ledger").glob("*.json"))


def report(samples: Sequence[dict[str, float]]) -> list[str]:
    """Print the slope of each quantity; return those that grow."""
    games = [one["games"] for one in samples]
    grows = []
    sys.stdout.write(f"{len(samples)} samples over {max(games):.0f} games\n")
    sys.stdout.write(f"{'quantity':<20} {'level':>10} {'a game':>12}   95 % interval\n")
    at_work = [one["processes"] for one in samples]
    for name in samples[-1]:
        if name in ("games", "processes"):
            continue
        fit = slope(games, [one[name] for one in samples], at_work)
        unit = name.rpartition(" ")[2]
        is_growing = fit.is_above(ALLOWED.get(unit, ALLOWED[""]))
        grows += [name] if is_growing else []
        line = f"{name:<20} {fit.level:>10.2f} {fit.per_game:>+12.6f}   [{fit.low:+.6f}, {fit.high:+.6f}]"
        sys.stdout.write(f"{line}{'  GROWS' if is_growing else ''}\n")
    return grows


def main() -> int:
    """Render the games of a long run, and print how much each quantity grows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--games", type=int, default=2000)
    parser.add_argument(
        "--frames", type=int, default=8, help="of each game; the recorder makes no shorter ones"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recycle-games", type=int, default=1_000_000, help="the farm's default is 200")
    parser.add_argument("--out", type=Path, help="keep the samples in this file as they are taken")
    asked = parser.parse_args()
    # By default SIGTERM ends this process without `finally`, and the driver would render on.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="farm-soak-") as place:
        keep = asked.out or Path(place) / "samples.json"
        samples, committed = soaked(
            Path(place), asked.seed, asked.games, asked.frames, asked.recycle_games, keep
        )
    sys.stdout.write(f"{committed} of {asked.games} games committed\n")
    grows = report(samples)
    return 1 if grows or committed != asked.games else 0


if __name__ == "__main__":
    sys.exit(main())
