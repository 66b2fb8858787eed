"""Checks, with another program, that videos encoded on this machine keep the video contract."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np

from farm.machine.doctor import Finding
from workers.emulator.contract import HEIGHT, WIDTH
from workers.errors import EnvironmentFailed, RenderFailed
from workers.rendering.encode import ChunkEncoder, VideoSettings
from workers.rendering.independent_check import check_video, is_available

NUM_FRAMES: Final = 61  # two whole groups of pictures, and the key frame of a third
_NAME: Final = "video check"
_INSTALL: Final = "apt-get install ffmpeg"


def written_video() -> Finding:
    """Encode a small clip and have the system's ffmpeg check the file."""
    if not is_available():
        detail = "no ffmpeg and ffprobe on PATH, so nothing but our own libav can check the videos"
        return Finding(_NAME, "warning", detail, _INSTALL)
    try:
        wrong = check_video(_clip(), num_frames=NUM_FRAMES, width=WIDTH, height=HEIGHT)
    except (EnvironmentFailed, RenderFailed) as error:
        return Finding(_NAME, "failed", str(error), "mend what is named here, and look again")
    if wrong:
        remedy = "pip install --force-reinstall av: its libav does not write what it is told to"
        return Finding(_NAME, "failed", "; ".join(wrong), remedy)
    return Finding(_NAME, "ok", f"the system's ffmpeg finds {NUM_FRAMES} frames as they should be")


def _clip() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with ChunkEncoder(path, VideoSettings()) as encoder:
            for k in range(NUM_FRAMES):
                encoder.write(np.full((HEIGHT * 3 // 2, WIDTH), 64 + k, np.uint8))
            encoder.close()
        return path.read_bytes()
