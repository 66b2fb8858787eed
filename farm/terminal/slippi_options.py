"""The options that say which Slippi, which game and which picture: the same on every command that renders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from workers.emulator.slippi_preset import RESOLUTIONS, SlippiPreset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workers.emulator.slippi import SlippiDolphin

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_OPTIONS = (
    click.option(
        "--game-image", metavar="FILE", help="Slippi: your Melee disc image, or `standin`, our own game."
    ),
    click.option(
        "--slippi-dolphin",
        type=click.Path(path_type=Path),
        help="Slippi: the playback Dolphin.  [default: SLIPPI_DOLPHIN, else Slippi Launcher's]",
    ),
    click.option(
        "--resolution",
        type=click.Choice(list(RESOLUTIONS)),
        default="480p",
        show_default=True,
        help="Slippi: rows.",
    ),
    click.option("--widescreen", is_flag=True, help="Slippi: 16:9, which shows more of the stage."),
    click.option("--hud/--no-hud", default=True, help="Slippi: timer, percents and stocks.  [default: hud]"),
    click.option(
        "--shake/--no-shake", default=True, help="Slippi: the camera shakes on hard hits.  [default: shake]"
    ),
    click.option(
        "--lagless-fod", is_flag=True, help="Slippi: the Fountain without reflections, which slow it."
    ),
    click.option(
        "--melee-stamp",
        is_flag=True,
        help="Slippi: paint frame numbers into Melee to check by, and crop them away. Never tried on Melee.",
    ),
)


def slippi_options(command: _Command) -> _Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen_slippi(emulator: str, options: Mapping[str, Any]) -> SlippiDolphin | None:
    """Return what the options say, or None where another emulator plays.

    Raises:
        click.UsageError: a game is missing, or two choices exclude each other.
    """
    if emulator != "slippi":
        return None
    if options["game_image"] is None:
        message = "--emulator slippi needs --game-image: your Melee disc image, or `standin` for our own game"
        raise click.UsageError(message)
    try:
        preset = SlippiPreset(
            resolution=options["resolution"],
            widescreen=options["widescreen"],
            hud=options["hud"],
            shake=options["shake"],
            lagless_fod=options["lagless_fod"],
            stamp=options["melee_stamp"],
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    from workers.rendering.game_image import slippi_dolphin  # noqa: PLC0415 - brings libav, which an audit may lack

    return slippi_dolphin(options["game_image"], preset, options["slippi_dolphin"])
