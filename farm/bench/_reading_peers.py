"""Times other readers of replays, in an environment that has them; prints JSON; imports nothing of ours.

python _reading_peers.py READER ROUNDS FILE ... -> the median processor seconds of each file, as a list

peppi can panic, which no `except Exception` catches; so a program that wants its times starts this one.
"""

from __future__ import annotations

import json
import statistics
import sys
import time


def read_by_peppi(path: str) -> None:
    """Read all frames of a replay as columns."""
    import peppi_py  # noqa: PLC0415 - each environment has one of the two

    peppi_py.read_slippi(path)


def read_by_melee(path: str) -> None:
    """Step through all frames of a replay."""
    import melee  # noqa: PLC0415 - likewise

    console = melee.Console(path=path, is_dolphin=False, allow_old_version=True)
    console.connect()
    while console.step() is not None:
        pass


READERS = {"peppi": read_by_peppi, "libmelee": read_by_melee}


def main() -> None:
    """Time one reader with every file, and print the medians."""
    read, rounds, found = READERS[sys.argv[1]], int(sys.argv[2]), []
    read(sys.argv[3])
    for name in sys.argv[3:]:
        seconds = []
        for _ in range(rounds):
            started = time.process_time()
            read(name)
            seconds.append(time.process_time() - started)
        found.append(statistics.median(seconds))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
