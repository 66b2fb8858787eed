"""A whole run as its own process, to interrupt or kill: python null_run.py LEDGER SCRATCH SECONDS."""

from __future__ import annotations

import sys
from pathlib import Path

from null_renderer import NullTask, NullWorkshop, give_up, render_nothing

from farm.local_pool import LocalPool
from farm.scheduler import run
from farm.stopping import StopSignals


def main() -> int:
    ledger, scratch, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    workshop = NullWorkshop(ledger, scratch, child=True)
    tasks = [NullTask(f"game-{index:04}", seconds=seconds) for index in range(20)]
    with StopSignals() as stop, LocalPool(render_nothing, workshop, num_slots=2) as pool:
        return run(tasks, pool, give_up=give_up, stop=stop).exit_status


if __name__ == "__main__":
    sys.exit(main())
