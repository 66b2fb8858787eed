"""Times peppi's reading of replays: `python -m farm.bench._peppi ROUNDS FILE...`, in its own process.

peppi can panic, which no `except Exception` catches; so a program that wants its times starts this one and
reads its lines, one JSON number per file: the median processor seconds of ROUNDS reads.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import peppi_py


def median_seconds(path: str, rounds: int) -> float:
    """Return the median processor seconds of `rounds` reads."""
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        peppi_py.read_slippi(path)
        seconds.append(time.process_time() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        sys.stdout.write(json.dumps(median_seconds(name, int(sys.argv[1]))) + "\n")
        sys.stdout.flush()
