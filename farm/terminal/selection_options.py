"""Command line options that say which replays become part of a dataset, and how they are divided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from farm.planning.selection import Selection
from farm.planning.splits import SplitRule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_OPTIONS = (
    click.option(
        "--for-training", is_flag=True, help="People, 8-minute timer, a minute or more, nothing impossible."
    ),
    click.option("--humans-only", is_flag=True, help="No computer players."),
    click.option("--min-frames", type=click.IntRange(min=0), help="Shortest game."),
    click.option("--min-version", metavar="X.Y", help="Oldest replay format."),
    click.option(
        "--stage", "stages", multiple=True, metavar="NAME", help="Only this stage; may be given again."
    ),
    click.option(
        "--character", "characters", multiple=True, metavar="NAME", help="Only these on both sides."
    ),
    click.option(
        "--val", type=click.FloatRange(0, 1), default=0.05, show_default=True, help="Fraction of pairings."
    ),
    click.option(
        "--test",
        type=click.FloatRange(0, 1),
        help="Fraction of pairings.  [default: 0.05, 0 with --hold-out]",
    ),
    click.option(
        "--hold-out", multiple=True, metavar="FIELD=VALUE", help="Games with it are the test split."
    ),
)


def selection_options(command: _Command) -> _Command:
    """Add the options that `chosen_selection` and `chosen_splits` read."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen_selection(options: Mapping[str, Any], max_games: int | None) -> Selection:
    """Read from a command's options which games are wanted.

    Raises:
        ValueError: a version that is none.
    """
    base = Selection.for_training() if options["for_training"] else Selection()
    min_version = base.min_version
    if options["min_version"]:
        major, _, minor = options["min_version"].partition(".")
        if not (major.isdigit() and minor.isdigit()):
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


def chosen_splits(options: Mapping[str, Any]) -> SplitRule:
    """Read from a command's options how games are divided.

    Raises:
        ValueError: options that exclude each other, or a rule that cannot be read.
    """
    if options["hold_out"]:
        if options["test"]:
            msg = "--hold-out makes the test split; leave out --test"
            raise ValueError(msg)
        return SplitRule.holding_out(*options["hold_out"], val=options["val"])
    return SplitRule(val=options["val"], test=0.05 if options["test"] is None else options["test"])
