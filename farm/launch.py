"""Render on a Ray cluster: what `ray submit CLUSTER.yaml farm/launch.py --games 22000` runs on its head.

Ray copies this one file there, so it holds nothing but the reading of flags; everything else is the installed
package. It works as well with `ray job submit -- python farm/launch.py ...`, and alone on a laptop, where it
starts a Ray of its own. No flag has a name that Ray would take for itself, or a value that needs quotes.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Beside this file lie modules with everyday names; on a laptop they would hide other people's.
if sys.path and Path(sys.path[0] or ".").resolve() == Path(__file__).resolve().parent:
    del sys.path[0]

try:
    from farm.machine.capacity import slots_here
    from farm.settings import SETTINGS, load_config
    from manifests.errors import DatasetError
    from workers.errors import EnvironmentFailed, FarmError
except ModuleNotFoundError as problem:
    sys.stderr.write(
        f"farm: {problem.name} is not installed for {sys.executable} here. On a cluster: `ray up` it "
        "with the image of docker/. On a laptop: pip install '.[render,farm]' in the project's folder.\n"
    )
    sys.exit(2)  # not finished

EXAMPLE = (
    "example: ray submit docker/cluster.yaml farm/launch.py --games 22000 --replays s3://b/slp --out s3://b/d"
)
NOT_FINISHED = 2


def main(arguments: list[str] | None = None) -> int:
    """Read the settings and run: 0 if all is committed, 1 if some was set aside, 2 if not finished."""
    flags = vars(_parser().parse_args(arguments))
    file = flags.pop("config")
    try:
        config = load_config(flags, os.environ, file)
        render_on_cluster = _import_run()
        return render_on_cluster(config, num_local_slots=slots_here(config.scratch))
    except (FarmError, DatasetError) as problem:
        sys.stderr.write(f"farm: {problem}\n")
    except KeyboardInterrupt:
        sys.stderr.write("farm: stopped; run the same command again to go on\n")
    return NOT_FINISHED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="launch.py",
        description="Render replays on a Ray cluster; run the same command again to go on where it stopped.",
        epilog=EXAMPLE,
        allow_abbrev=False,
    )
    about_file = "File of settings, overridden by FARM_... and by flags.  [farm.toml, if there is one]"
    parser.add_argument("--config", type=Path, metavar="TOML", help=about_file)
    for name, setting in SETTINGS.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, metavar="X", help=f"{setting.about}  ({setting.allowed})")
    return parser


def _import_run() -> Callable[..., int]:
    from farm.pools import ray_environment  # noqa: PLC0415 - before Ray, which reads the environment once

    ray_environment.prepare()
    try:
        from farm.cluster_run import render_on_cluster  # noqa: PLC0415
    except ModuleNotFoundError as problem:
        message = (
            f"{problem.name} is not installed here; pip install '.[render,farm]' in the project's folder, "
            "or render without a cluster: `farm render`"
        )
        raise EnvironmentFailed(message) from problem
    return render_on_cluster


if __name__ == "__main__":
    sys.exit(main())
