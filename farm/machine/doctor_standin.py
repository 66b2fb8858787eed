"""Checks for the stand-in before rendering: headless Dolphin, Vulkan, our game's image, an encoder."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from farm.machine import doctor
from farm.machine.doctor_video import written_video
from workers.emulator.mainline import MainlineDolphin
from workers.errors import EnvironmentFailed, RenderFailed
from workers.rendering.encode import ChunkEncoder, VideoSettings
from workers.standin.image.pack import image_sha256

if TYPE_CHECKING:
    from farm.machine.doctor import Check, Finding

WORKER_BYTES: Final = 700 << 20
"""Bytes that a worker needs: the emulator with llvmpipe's Vulkan, and our process with its encoder."""
_INSTALL: Final = "docker/system-packages render"


def standin_checks(num_workers: int, scratch: Path) -> tuple[Check, ...]:
    """Return all checks for `--emulator standin`."""
    return (
        doctor.python,
        headless_dolphin,
        standin_game,
        encoder,
        written_video,
        doctor.loopback,
        partial(doctor.shared_memory, num_workers),
        partial(doctor.disk, scratch),
        partial(doctor.processors, num_workers),
        partial(doctor.memory, num_workers, WORKER_BYTES),
    )


def headless_dolphin() -> Finding:
    """Check that dolphin-emu-nogui exists, with a Vulkan driver and setpriv."""

    def look() -> str:
        emulator = MainlineDolphin()
        emulator.check()
        return emulator.fingerprint()["emulator"]

    return doctor.attempt("Dolphin", look, _INSTALL)


def standin_game() -> Finding:
    """Check that the image of our own game is in this installation."""
    return doctor.attempt(
        "stand-in game", lambda: f"sha256 {image_sha256()[:12]}", "install the project again"
    )


def encoder() -> Finding:
    """Check that this installation can encode H.264, by encoding one picture into a file that is removed."""

    def look() -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "one.mp4"
            try:
                with ChunkEncoder(path, VideoSettings()) as encoder:
                    encoder.write(np.full((720, 640), 128, np.uint8))
                    encoder.close()
            except RenderFailed as error:
                raise EnvironmentFailed(str(error)) from error
            return f"one 640x480 picture is {path.stat().st_size} bytes of H.264"

    return doctor.attempt("encoder", look, "pip install 'dolphin-farm[render]'")
