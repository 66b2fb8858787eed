"""Draws a game without an emulator: textured fighters before a textured stage, under a panning camera."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from workers.align.motion.flow_meter import FlowMeter
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manifests.state.table import StateTable
    from workers.align.motion.flow_maps import FlowMaps

HEIGHT, WIDTH = 120, 160
_PIXELS_PER_UNIT = 0.6
_FIGHTER = (20, 14)  # rows, columns
_PAN_FRAMES = 20.0

Picture = np.ndarray[Any, np.dtype[np.uint8]]


@cache
def state_of(seed: int, num_frames: int = 1200) -> StateTable:
    return state_table(read_replay(record_match(seed, stage=31, num_frames=num_frames)))


@cache
def pictures_of(seed: int, num_frames: int = 1200) -> tuple[Picture, ...]:
    """Draw one picture, uint8 [120, 160], per frame."""
    state = state_of(seed, num_frames)
    random = np.random.default_rng(7)
    ground = cv2.GaussianBlur(random.uniform(40, 200, (HEIGHT * 3, WIDTH * 4)).astype(np.float32), (0, 0), 2)
    skins = [cv2.GaussianBlur(random.uniform(0, 255, _FIGHTER).astype(np.float32), (0, 0), 1) for _ in "12"]
    x, y = (np.stack([state.values(f"p{i}.{axis}") for i in (0, 1)]) for axis in "xy")
    pan, pictures = float(x[:, 0].mean()), []
    for k in range(state.num_frames):
        pan += (float(x[:, k].clip(-120, 120).mean()) - pan) / _PAN_FRAMES
        shift = np.float32([[1, 0, -1.5 * WIDTH - pan * _PIXELS_PER_UNIT], [0, 1, -HEIGHT]])
        picture = cv2.warpAffine(ground, shift, (WIDTH, HEIGHT))
        for skin, left, up in zip(skins, x[:, k], y[:, k], strict=True):
            column = WIDTH / 2 + (float(left) - pan) * _PIXELS_PER_UNIT - _FIGHTER[1] / 2
            row = HEIGHT * 0.7 - float(up) * _PIXELS_PER_UNIT - _FIGHTER[0]
            place = np.float32([[1, 0, column], [0, 1, row]])
            over = cv2.warpAffine(skin, place, (WIDTH, HEIGHT))
            mask = cv2.warpAffine(np.ones(_FIGHTER, np.float32), place, (WIDTH, HEIGHT))
            picture = picture * (1 - mask) + over * mask
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return tuple(pictures)


def measured(pictures: Iterable[Picture]) -> FlowMaps:
    meter = FlowMeter()
    for picture in pictures:
        meter.add(picture)
    return meter.maps()
