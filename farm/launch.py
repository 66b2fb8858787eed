"""Renders on a Ray cluster: `ray submit CLUSTER.yaml farm/launch.py --games 22000` runs it on the head.

Ray copies this one file there, so it only opens the cluster; everything else is in the installed package. It
also works with `ray job submit -- python farm/launch.py ...`, and alone on a laptop, where it starts a Ray of
its own. No flag has a name that Ray would take for itself, or a value that needs quotes.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from farm.engine.pool import Pool
    from farm.settings import RunSettings
    from workers.job import RenderSettings, RenderTask

# Modules with everyday names lie beside this file; on a laptop they would hide other packages' modules.
if sys.path and Path(sys.path[0] or ".").resolve() == Path(__file__).resolve().parent:
    del sys.path[0]

try:
    import click

    from farm.engine.exit_status import ExitStatus
    from farm.machine.capacity import slots_here
    from farm.run import run
    from farm.terminal.odd_names import show_odd_names
    from farm.terminal.options import run_options, settings_of_run
    from farm.terminal.report import TerminalReport
    from manifests.errors import DatasetError
    from manifests.store.open import open_store
    from workers.errors import EnvironmentFailed, FarmError
    from workers.job import render_game
    from workers.printable import shown
    from workers.rates_job import measure_rates
except ModuleNotFoundError as problem:
    sys.stderr.write(
        f"farm: dolphin-farm is not installed for {sys.executable} here ({problem.name} is missing). On a "
        "cluster: `ray up` it with the image of docker/. On a laptop: pip install '.[render,farm]' in the "
        "project's folder.\n"
    )
    sys.exit(2)  # the exit status for "not finished"

EXAMPLE = """\b
Examples:
  ray submit docker/cluster.yaml farm/launch.py --games 22000 --replays s3://b/slp --out s3://b/d
      --game-image s3://mine/melee.iso --slippi-dolphin s3://mine/playback.zip
  python farm/launch.py --replays ~/Slippi --out dataset --emulator standin --address local
"""


@click.command(name="launch.py", epilog=EXAMPLE, context_settings={"help_option_names": ["-h", "--help"]})
@run_options("cluster")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome of every game as JSON.")
def command(*, config: Path | None, as_json: bool, **flags: Any) -> int:
    """Render replays on a Ray cluster; run the same command again to go on where it stopped.

    With a game image, Slippi's playback Dolphin plays Melee; our own game is played only with --emulator
    standin. Every setting can also be given in a file, or in the environment as FARM_ and its name in
    capitals.

    Exit status: 0 all committed, 1 some replay was set aside, 2 not finished.
    """
    settings = settings_of_run(flags, os.environ, config, "farm/launch.py")
    return render_on_cluster(settings, as_json=as_json)


def render_on_cluster(settings: RunSettings, *, as_json: bool = False) -> ExitStatus:
    """Join the Ray cluster, or start one on this machine, and render the run's replays on it.

    Raises:
        FarmError, DatasetError: as `farm.run.run`.
    """
    from farm.pools import ray_environment  # noqa: PLC0415 - before Ray, which reads the environment once

    ray_environment.prepare()
    try:
        from farm.pools.ray_metrics import ray_metrics  # noqa: PLC0415
        from farm.pools.ray_nodes import joined_cluster  # noqa: PLC0415
        from farm.pools.ray_pool import RayPool  # noqa: PLC0415
        from farm.pools.spot_notice import NOTICES  # noqa: PLC0415
    except ModuleNotFoundError as problem:
        message = (
            f"{problem.name} is not installed here; pip install '.[render,farm]' in the project's folder, "
            "or render without a cluster: `farm render`"
        )
        raise EnvironmentFailed(message) from problem

    def open_pool(
        job: Callable[[RenderTask, RenderSettings], Any], for_jobs: RenderSettings, _num_games: int
    ) -> AbstractContextManager[Pool[RenderTask]]:
        return RayPool(
            job,
            for_jobs,
            num_slots=settings.slots,
            recycle_games=settings.recycle_games,
            recycle_seconds=settings.recycle_minutes * 60,
            watch_notice=NOTICES[settings.notice],
            is_alone=cluster.is_ours,
        )

    with joined_cluster(
        settings.address, settings.slots or slots_here(settings.scratch, settings.drawn_by)
    ) as cluster:
        report = TerminalReport(
            num_slots=max(settings.slots or cluster.num_slots, 1),
            log_seconds=settings.log_seconds,
            metrics=ray_metrics(),
            as_json=as_json,
        )
        report.say(str(cluster))
        rendering, trials = (partial(open_pool, job) for job in (render_game, measure_rates))
        outcome = run(settings, rendering, report, open_trials=trials, on_one_machine=cluster.is_ours)
        report.outcome(outcome, open_store(settings.out))
    return outcome.exit_status


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; our own errors print one line on stderr and exit 2, without a traceback."""
    show_odd_names()
    try:
        return int(command.main(arguments, standalone_mode=False) or 0)
    except click.ClickException as problem:
        problem.show()
    except (FarmError, DatasetError) as problem:
        sys.stderr.write(f"farm: {shown(str(problem))}\n")
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("farm: stopped; run the same command again to go on\n")
    return ExitStatus.NOT_FINISHED


if __name__ == "__main__":
    sys.exit(main())
