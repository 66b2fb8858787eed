"""Name what draws the pictures on this machine: a graphics card, or the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.emulator.drawing_here import renderer_here
from workers.emulator.mainline_install import find_driver
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from workers.emulator.slippi import SlippiDolphin

UNKNOWN: Final = "something that does not say what it is"


def who_draws(slippi: SlippiDolphin | None) -> str:
    """Name what draws for an emulator on this machine, e.g. "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5".

    Args:
        slippi: Slippi's Dolphin, which draws with OpenGL on a display; None for the stand-in in mainline
            Dolphin, which draws with Vulkan.
    """
    try:
        return f"Vulkan by {find_driver().stem}" if slippi is None else renderer_here(slippi.renderer)
    except EnvironmentFailed:
        return UNKNOWN
