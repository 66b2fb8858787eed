"""Makes a whole run of null games in its own process, which tests interrupt or kill.

python null_run.py local|ray|own-ray LEDGER SCRATCH SECONDS CHILDREN GAMES

The run uses no Ray, the Ray cluster that is there, or one of its own. `NULL_HEAD_LOST_SECONDS` is how long
the head may be silent.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from null_renderer import NullSettings, NullTask, give_up, render_nothing

from farm.engine.loop import run
from farm.engine.stopping import StopSignals
from farm.pools.head_watch import HEAD_LOST_SECONDS
from farm.pools.local_pool import LocalPool
from workers.errors import EnvironmentFailed


def main(kind: str, ledger: Path, scratch: Path, seconds: float, children: str, num_games: int) -> int:
    settings = NullSettings(ledger, scratch, children=children)
    names = (f"game-{index:04}" for index in range(num_games))
    tasks = [NullTask(name, seconds=seconds) for name in names if not (ledger / name).exists()]
    with ExitStack() as stack:
        pool: Any = LocalPool(render_nothing, settings, num_slots=2)
        if kind != "local":
            from farm.pools import ray_environment  # noqa: PLC0415

            ray_environment.prepare()
            from farm.pools.ray_nodes import joined_cluster  # noqa: PLC0415 - only where Ray is
            from farm.pools.ray_pool import RayPool  # noqa: PLC0415

            cluster = stack.enter_context(joined_cluster("local" if kind == "own-ray" else None, 2))
            patience = float(os.environ.get("NULL_HEAD_LOST_SECONDS", HEAD_LOST_SECONDS))
            pool = RayPool(render_nothing, settings, is_alone=cluster.is_ours, head_lost_seconds=patience)
        stop = stack.enter_context(StopSignals())
        stack.enter_context(pool)
        return run(tasks, pool, give_up=give_up, stop=stop).exit_status


if __name__ == "__main__":
    kind, ledger, scratch, seconds, children, num_games = sys.argv[1:]
    try:
        status = main(kind, Path(ledger), Path(scratch), float(seconds), children, int(num_games))
    except EnvironmentFailed as problem:  # the exit status of `farm.launch` in this case
        sys.stderr.write(f"farm: {problem}\n")
        status = 2
    sys.exit(status)
