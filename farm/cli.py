"""The `farm` command: a group of subcommands, each in a module that is loaded only when it is called."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Final

import click

from farm import commands
from farm.engine.exit_status import ExitStatus
from farm.terminal.odd_names import show_odd_names
from manifests import __version__
from manifests.errors import DatasetError
from manifests.store.contract import ObjectMissing
from workers.errors import FarmError
from workers.printable import shown

EXTRA_OF: Final = {
    "av": "load", "PIL": "load",
    "cv2": "render", "ffmpeg": "render", "matplotlib": "render", "melee": "render",
    "prometheus_client": "render", "py7zr": "render",
    "boto3": "s3", "botocore": "s3",
    "ray": "farm", "torch": "torch", "torchcodec": "torch",
    "duckdb": "browse", "jinja2": "browse", "starlette": "browse", "uvicorn": "browse",
}  # fmt: skip
"""For each package that only some commands need: the extra that installs it."""


GROUPS: Final = {
    "Make a dataset": ("demo", "record", "plan", "render", "states", "rendition", "retry", "finalize", "gc"),
    "Look at it": ("status", "games", "moments", "browse", "view"),
    "Read its states, take it elsewhere": (
        "inspect",
        "parity",
        "state",
        "schema",
        "sql",
        "boxes",
        "export",
        "latents",
        "push",
        "pull",
    ),
    "Check": ("doctor", "audit", "align"),
    "Measure": ("calibrate", "slots", "bench"),
}
"""The commands, grouped by what the user is doing, in the order in which a newcomer needs them."""

_LONGEST_SENTENCE: Final = 200  # characters; a help text wraps it
_RENDERING: Final = ("align", "bench", "boxes", "calibrate", "demo", "doctor", "plan", "record", "render",
              "rendition", "slots", "states")  # fmt: skip
_RESUMABLE: Final = {*GROUPS["Make a dataset"], "boxes", "export", "latents", "push", "pull"}


class LazyVerbs(click.Group):
    """Finds the commands among the modules of farm.commands, and loads only the module of the called one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """List the names of all modules of farm.commands."""
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command, or return None if there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        try:
            module = importlib.import_module(f"farm.commands.{cmd_name.replace('-', '_')}")
        except ModuleNotFoundError as missing:
            raise _wanting(cmd_name, missing) from missing
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help text, group by group."""
        for heading, verbs in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(verb, self._about(ctx, verb)) for verb in verbs])

    def _about(self, ctx: click.Context, verb: str) -> str:
        """Return the first sentence of a command's help, or what must be installed to run it."""
        try:
            command = self.get_command(ctx, verb)
        except click.ClickException as wanting:
            return wanting.format_message().partition(": ")[2]
        return command.get_short_help_str(_LONGEST_SENTENCE) if command else ""


def _wanting(command: str, missing: ModuleNotFoundError) -> Exception:
    """Return the error that says which extra to install for a missing package.

    If no extra has the package, that is a bug of ours, and the error is returned unchanged.
    """
    package = (missing.name or "").partition(".")[0]
    if package not in EXTRA_OF:
        return missing
    # Commands that render need the packages of commands that read, and more.
    extra = "render" if command in _RENDERING else EXTRA_OF[package]
    return click.ClickException(
        f"`farm {command}` needs the package {package}, which is not installed: "
        f"pip install 'dolphin-farm[{extra}]'"
    )


@click.group(cls=LazyVerbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="farm")
def farm() -> None:
    """Turn Slippi replays into pairs of game state and video, proved frame by frame.

    First run: `farm demo`. Your own: `farm render --replays DIR --out DIR --game-image MELEE.iso`.
    """


def main() -> None:
    """Run the command line; our own errors print one line on stderr and exit 2, without a traceback."""
    show_odd_names()
    try:
        farm.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (click.Abort, KeyboardInterrupt):
        goes_on = "; run the same command again to go on" if _RESUMABLE.intersection(sys.argv[1:2]) else ""
        click.echo(f"farm: stopped{goes_on}", err=True)
        sys.exit(130)
    except ModuleNotFoundError as missing:
        wanting = _wanting(" ".join(sys.argv[1:2]), missing)
        if wanting is missing:
            raise
        click.echo(f"farm: {wanting}", err=True)
        sys.exit(1)
    except (FarmError, DatasetError) as problem:
        click.echo(f"farm: {shown(str(problem))}{_what_to_do(problem)}", err=True)
        sys.exit(ExitStatus.NOT_FINISHED)


def _what_to_do(problem: Exception) -> str:
    """Return the end of an error message about an object that a dataset has lost; empty for other errors."""
    if not isinstance(problem, ObjectMissing):
        return ""
    return (
        "; where a dataset has lost it, `farm audit DATASET` names all that is missing, and `farm retry "
        "DATASET --game GAME_ID --force` has a game rendered again"
    )


if __name__ == "__main__":
    main()
