"""Says what draws the pictures on this machine: a graphics card, or the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.emulator.drawing_here import renderer_here
from workers.emulator.mainline_install import find_driver
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from workers.emulator.slippi import SlippiDolphin

UNKNOWN: Final = "something that does not say what it is"


def who_draws(slippi: SlippiDolphin | None) -> str:
    """Return what draws for an emulator here, e.g. "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5".

    Args:
        slippi: Slippi's Dolphin, which draws by OpenGL on a display; None for the stand-in on mainline
            Dolphin, which draws by Vulkan.
    """
    try:
        return f"Vulkan by {find_driver().stem}" if slippi is None else renderer_here(slippi.renderer)
    except EnvironmentFailed:
        return UNKNOWN
