"""Small moving pictures for tests of encoders and decoders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workers.rendering.encode import ChunkEncoder, VideoSettings

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.video.sei import FrameMark
    from workers.emulator.contract import Yuv

WIDTH, HEIGHT = 96, 64


def moving_pictures(number: int, seed: int = 1) -> list[Yuv]:
    """A noisy background with a square that moves: packed I420, uint8 [96, 96]."""
    random = np.random.default_rng(seed)
    ground = random.integers(60, 180, (HEIGHT * 3 // 2, WIDTH), np.uint8)
    pictures = []
    for k in range(number):
        picture = ground.copy()
        left = 3 * k % (WIDTH - 16)
        picture[20:36, left : left + 16] = 235
        pictures.append(picture)
    return pictures


def encode(
    path: Path,
    pictures: list[Yuv],
    settings: VideoSettings | None = None,
    mark: FrameMark | None = None,
) -> Path:
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    with ChunkEncoder(path, settings or VideoSettings(), width=width, height=height, mark=mark) as encoder:
        for picture in pictures:
            encoder.write(picture)
        encoder.close()
    return path
