"""Command line options that choose which replays become part of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from farm.planning.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_OPTIONS = (
    click.option(
        "--for-training",
        is_flag=True,
        help="Only games of people with the 8-minute timer that last a minute or more and "
        "hold no impossible value.",
    ),
    click.option("--humans-only", is_flag=True, help="No computer players."),
    click.option("--min-frames", type=click.IntRange(min=0), help="Shortest game."),
    click.option("--min-version", metavar="X.Y", help="Oldest replay format."),
    click.option(
        "--stage", "stages", multiple=True, metavar="NAME", help="Only this stage; may be given again."
    ),
    click.option(
        "--character",
        "characters",
        multiple=True,
        metavar="NAME",
        help="Only games in which both play one of these; may be given again.",
    ),
)


def selection_options(command: _Command) -> _Command:
    """Add the options that `chosen_selection` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen_selection(options: Mapping[str, Any], max_games: int | None) -> Selection:
    """Read from a command's options which games are wanted.

    Raises:
        ValueError: a version is not of the form MAJOR.MINOR.
    """
    base = Selection.for_training() if options["for_training"] else Selection()
    min_version = base.min_version
    if options["min_version"]:
        major, _, minor = options["min_version"].partition(".")
        if not (major.isdecimal() and minor.isdecimal()):
            msg = f"--min-version {options['min_version']!r} is not of the form 3.7"
            raise ValueError(msg)
        min_version = (int(major), int(minor))
    return Selection(
        humans_only=base.humans_only or options["humans_only"],
        min_frames=base.min_frames if options["min_frames"] is None else options["min_frames"],
        min_version=min_version,
        timer_seconds=base.timer_seconds,
        stages=frozenset(name.upper() for name in options["stages"]),
        characters=frozenset(name.upper() for name in options["characters"]),
        sane=base.sane,
        max_games=max_games,
    )
