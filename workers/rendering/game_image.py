"""Which game Slippi's Dolphin plays: the user's disc image of Melee, or our stand-in in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from manifests.home_folder import with_home
from workers.emulator.slippi import SlippiDolphin
from workers.standin.image.build import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from workers.emulator.drawing import RendererChoice
    from workers.emulator.slippi_preset import FramesChoice, SlippiPreset

STANDIN: Final = "standin"
"""The name that stands for our own game where a disc image is asked for."""


def slippi_dolphin(
    game_image: str,
    preset: SlippiPreset,
    program: Path | None = None,
    frames: FramesChoice = "auto",
    renderer: RendererChoice = "auto",
    emulators: int | None = None,
) -> SlippiDolphin:
    """Return Slippi's Dolphin, ready to play one game.

    Args:
        game_image: path of the disc image of Melee NTSC 1.02, or STANDIN.
        preset: what the picture is to look like.
        program: the playback Dolphin; None: $SLIPPI_DOLPHIN or Slippi Launcher's.
        frames: the way by which pictures come out.
        renderer: who draws.
        emulators: how many run side by side on a machine; None: nobody said.
    """
    is_standin = game_image == STANDIN
    return SlippiDolphin(
        IMAGE if is_standin else with_home(game_image),
        preset,
        program,
        is_standin=is_standin,
        frames=frames,
        renderer=renderer,
        emulators=emulators,
    )
