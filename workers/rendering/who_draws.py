"""Says what draws the pictures on this machine: a graphics card, or the processor."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from workers.emulator.gl_probe import renderer
from workers.emulator.mainline_install import find_driver
from workers.emulator.xvfb import xvfb
from workers.errors import EnvironmentFailed

UNKNOWN: Final = "something that does not say what it is"
_PIXELS: Final = 64


def who_draws(emulator: str) -> str:
    """Return what draws for an emulator here, e.g. "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5".

    Args:
        emulator: one of EMULATORS. Slippi's draws by OpenGL on a display, the stand-in's by Vulkan.
    """
    try:
        if emulator == "standin":
            return f"Vulkan by {find_driver().stem}"
        with tempfile.TemporaryDirectory() as folder, xvfb(_PIXELS, _PIXELS, Path(folder)) as display:
            return renderer({**os.environ, "DISPLAY": display})
    except EnvironmentFailed:
        return UNKNOWN
