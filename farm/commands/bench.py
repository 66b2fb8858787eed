"""`farm bench`: measurements; each is a module of farm.bench that is loaded only when it is called."""

from __future__ import annotations

import importlib
import pkgutil

import click

from farm import bench

EXAMPLE = """\b
Example:
  farm bench state --replays ~/Slippi
"""


class LazyBenches(click.Group):
    """Finds its commands among the modules of farm.bench, except those whose names begin with _."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """List the names of all public modules of farm.bench."""
        return sorted(name for _, name, _ in pkgutil.iter_modules(bench.__path__) if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one measurement, or return None if there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"farm.bench.{cmd_name}").command
        return command


@click.command(cls=LazyBenches, epilog=EXAMPLE)
def command() -> None:
    """Measure a part of this project on this machine."""
