"""Command line options that are made from the declarations of a run's settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from farm.settings import FILE_VARIABLE, SETTINGS, SLIPPI_SETTINGS, flag_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def setting_options(names: Iterable[str]) -> Callable[[_Command], _Command]:
    """Add the flags of some settings to a command, which gets what was given under the settings' names.

    Nothing is checked here: `farm.settings.load_settings` checks flags, variables and files alike.
    """

    def add(command: _Command) -> _Command:
        for name in reversed(tuple(names)):
            command = _option(name)(command)
        return command

    return add


def run_options(kind: str) -> Callable[[_Command], _Command]:
    """Add the flags of every setting that a run heeds, and --config.

    Args:
        kind: "machine" for a run on this machine, "cluster" for one on Ray.
    """
    names = [name for name, setting in SETTINGS.items() if setting.only in (None, kind)]

    def add(command: _Command) -> _Command:
        with_config: _Command = click.option(
            "--config",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="TOML",
            help=f"File of settings; variables and flags override it.  [{FILE_VARIABLE}, or ./farm.toml]",
        )(setting_options(names)(command))
        return with_config

    return add


def slippi_options(command: _Command) -> _Command:
    """Add the flags that say which Slippi, which game and which picture."""
    return setting_options(SLIPPI_SETTINGS)(command)


def split_settings(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide a command's options into those that are settings of a run, and its own."""
    settings = {name: value for name, value in options.items() if name in SETTINGS}
    return settings, {name: value for name, value in options.items() if name not in SETTINGS}


def _option(name: str) -> Callable[[_Command], _Command]:
    setting, flag = SETTINGS[name], flag_of(name)
    if setting.kind == "switch":
        return click.option(f"{flag}/--no-{flag.removeprefix('--')}", name, default=None, help=setting.about)
    return click.option(
        flag,
        name,
        multiple=setting.kind == "several",
        metavar=setting.metavar,
        help=f"{setting.about}  ({setting.allowed})",
    )
