"""The `farm` command: a thin group of verbs, each in a module of its own that is loaded only when called."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from farm import commands
from manifests import __version__
from manifests.errors import DatasetError
from workers.errors import FarmError

EXIT_SET_ASIDE = 1
EXIT_NOT_FINISHED = 2


class LazyVerbs(click.Group):
    """Finds its commands among the modules of farm.commands; only the one that is called is loaded whole."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """Every module of farm.commands, by name."""
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one verb, or None if there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"farm.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command


@click.group(cls=LazyVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="farm")
def farm() -> None:
    """Turn Slippi replays into pairs of game state and video, proved frame by frame.

    First run: `farm demo`. Your own replays: `farm render --replays DIR --out DIR`.
    """


def main() -> None:
    """Run the command line; an error of ours is one line on stderr and exit status 2, no traceback."""
    try:
        farm.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("farm: stopped; run the same command again to go on", err=True)
        sys.exit(130)
    except (FarmError, DatasetError) as problem:
        click.echo(f"farm: {problem}", err=True)
        sys.exit(EXIT_NOT_FINISHED)
