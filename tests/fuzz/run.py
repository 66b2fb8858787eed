"""Fuzz for as long as one likes, each target in a process of its own, and keep what broke it.

    python -m tests.fuzz.run --seconds 600 --out crashes            every target, one after another
    python -m tests.fuzz.run --seconds 60 --only "manifest games" --seed 7

A target's process has 4 GiB of memory and 20 s for each input. What breaks it is printed and written to
OUT/TARGET-SEED.bin: the input itself, for a test. Exit status: 0 nothing broke, 1 something did.
"""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fuzz.mutations import numbered
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MEMORY_BYTES = 4 << 30
INPUT_SECONDS = 20


def work(name: str, first: int, seconds: float, out: Path, told: Connection[Any, Any]) -> None:
    """Try inputs until the time is over or one breaks the target; report how many, and the one that did."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    target, number = TARGETS[name], first
    seeds = target.seeds()
    faulthandler.enable()
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    deadline = time.monotonic() + seconds
    last = out / f"{name.replace(' ', '-')}-last.bin"
    while time.monotonic() < deadline:
        data = numbered(seeds, number)
        last.write_bytes(data)  # what is left to look at if the process itself crashes
        signal.alarm(INPUT_SECONDS)
        try:
            target(data)
        except BaseException:  # noqa: BLE001 - whatever it is, it is what we look for
            signal.alarm(0)
            told.send((number, traceback.format_exc()))
            number += 1
            continue
        signal.alarm(0)
        number += 1
    last.unlink()
    told.send((number, None))


def fuzz(name: str, seed: int, seconds: float, out: Path) -> tuple[int, int]:
    """Fuzz one target; return how many inputs were tried, and how many broke it."""
    context = multiprocessing.get_context("spawn")
    deadline, first, num_broken, seen = time.monotonic() + seconds, seed << 32, 0, set()
    begun = first
    while (left := deadline - time.monotonic()) > 0:
        ours, theirs = context.Pipe()
        child = context.Process(target=work, args=(name, first, left, out, theirs))
        child.start()
        theirs.close()
        try:
            while True:
                first, trace = ours.recv()
                if trace is None:
                    break
                num_broken += 1
                key = trace.strip().splitlines()[-3:]
                if tuple(key) not in seen:
                    seen.add(tuple(key))
                    data = numbered(TARGETS[name].seeds(), first)
                    (out / f"{name.replace(' ', '-')}-{first}.bin").write_bytes(data)
                    sys.stdout.write(f"--- {name}, input {first}\n{trace}\n")
        except EOFError:
            num_broken += 1
            sys.stdout.write(f"--- {name}: its process died (status {child.exitcode}) of {name}-last.bin\n")
            first += 100_000
        child.join(240)
        child.kill()
    return first - begun, num_broken


def main() -> int:
    """Fuzz the targets that the command line names, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(TARGETS))
    parser.add_argument("--out", type=Path, default=Path("fuzz-crashes"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    names = arguments.only or list(TARGETS)
    total_broken = 0
    for name in names:
        tried, broken = fuzz(name, arguments.seed, arguments.seconds / len(names), arguments.out)
        total_broken += broken
        sys.stdout.write(f"{name:<20} {tried:>9,} inputs  {broken:>5,} broke it\n")
        sys.stdout.flush()
    return 1 if total_broken else 0


if __name__ == "__main__":
    sys.exit(main())
