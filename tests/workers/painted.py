"""Paints pictures instead of an emulator, with a stamp and a moving bar, for tests of the capture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.video.stamp import SEED_COLUMN
from tests.manifests.video.stamp_painter import paint_stamp
from workers.emulator.contract import CURRENT_FRAME, HEIGHT, TAIL_PICTURES, WIDTH, LogLine, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manifests.state.table import StateTable
    from workers.emulator.contract import Yuv


def painted(slp_frame: int, seed: int = 0) -> Yuv:
    """A grey picture with a bar that moves with the frame, and its stamp."""
    yuv = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    left = (slp_frame + 123) * 3 % (WIDTH - 40)
    yuv[200:260, left : left + 40] = 200
    paint_stamp(yuv[:HEIGHT], slp_frame, seed)
    return yuv


def played(
    shown: Sequence[int], num_tail: int = TAIL_PICTURES, state: StateTable | None = None
) -> Iterator[Picture | LogLine]:
    """Yield what an emulator yields that shows these slp_frames of a state and then repeats the last one."""
    seeds = [0] * len(shown) if state is None else [seed_at(state, slp_frame) for slp_frame in shown]
    for capture_index, slp_frame in enumerate([*shown, *[shown[-1]] * num_tail]):
        if capture_index < len(shown):
            yield LogLine(capture_index - 1, f"{CURRENT_FRAME} {slp_frame}")
        yield Picture(capture_index, painted(slp_frame, seeds[min(capture_index, len(seeds) - 1)]))


def seed_at(state: StateTable, slp_frame: int) -> int:
    """The seed of this frame of the state; 0 after its end."""
    row = slp_frame - state.first_slp_frame
    return int(state.values(SEED_COLUMN)[row]) if 0 <= row < state.num_frames else 0
