"""Makes command line options from the declarations of a run's settings."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from farm.settings import (
    FILE_VARIABLE,
    SETTINGS,
    SLIPPI_SETTINGS,
    GameNotNamed,
    flag_of,
    load_settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from farm.settings import RunSettings

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def setting_options(names: Iterable[str]) -> Callable[[_Command], _Command]:
    """Add the flags of some settings to a command, which gets their values under the settings' names.

    Nothing is checked here: `farm.settings.load_settings` checks flags, variables and files alike.
    """

    def add(command: _Command) -> _Command:
        for name in reversed(tuple(names)):
            command = _option(name)(command)
        return command

    return add


def run_options(kind: str) -> Callable[[_Command], _Command]:
    """Add --config and the flags of every setting that a kind of run uses.

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
    """Add the flags that choose the Slippi, the game and the picture settings."""
    return setting_options(SLIPPI_SETTINGS)(command)


def split_settings(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide a command's options into settings of a run and the command's own."""
    settings = {name: value for name, value in options.items() if name in SETTINGS}
    return settings, {name: value for name, value in options.items() if name not in SETTINGS}


def settings_of_run(
    flags: Mapping[str, Any], environment: Mapping[str, str], config: Path | None, command: str
) -> RunSettings:
    """Read the settings of a run that renders.

    Args:
        flags: values of the flags that were given, by name.
        environment: variables of the process.
        config: file of settings, or None.
        command: what the user typed before the flags, for the two commands that an error shows.

    Raises:
        click.UsageError: nothing says which game to play; the message has a command for either game.
        SettingsRefused: a setting is wrong or missing.
    """
    try:
        return load_settings(flags, environment, config)
    except GameNotNamed as problem:
        given = flags if config is None else {**flags, "config": str(config)}
        message = f"{problem}\n\n{both_commands(command, given)}"
        raise click.UsageError(message) from problem


def both_commands(command: str, flags: Mapping[str, Any]) -> str:
    """Return the command for the real game and the one for the stand-in, each on a line.

    Args:
        command: what stands before the flags.
        flags: values of the flags by name; None or an empty tuple for a flag that was not given.
    """
    words = [command]
    for name, value in flags.items():
        if isinstance(value, bool):
            words.append(flag_of(name) if value else flag_of(f"no-{name}"))
        elif value is not None:
            several = value if isinstance(value, list | tuple) else (value,)
            words += [f"{flag_of(name)} {shlex.quote(str(one))}" for one in several]
    typed = " ".join(words)
    return (
        f"Melee:      {typed} --game-image MELEE.iso --slippi-dolphin SLIPPI.AppImage\n"
        f"stand-in:   {typed} --emulator standin"
    )


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
