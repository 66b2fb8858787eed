"""Makes small moving pictures of a moment, which a browser plays by itself in a loop."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np

from farm.browse.pictures.frames import chunk_with, pictures_of
from farm.browse.pictures.stills import to_rgb
from manifests.ledger.dataset import read_description
from manifests.state.schema import FRAMES_PER_SECOND
from manifests.video.overlay import ANIMATION_STEP, write_animation

if TYPE_CHECKING:
    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

CLIP_FRAMES: Final = 60
"""Length of a moving picture, in frames of the game: a second."""
_SIZE: Final = (320, 240)


def moving_picture(store: Store, entry: LedgerEntry, slp_frame: int, num_frames: int = CLIP_FRAMES) -> bytes:
    """Make an animated WebP, 320 x 240, that begins at a frame, shows one second, and loops.

    It has 20 pictures a second, or fewer if the dataset has fewer, and ends where the chunk ends. If
    `num_frames` is 1, it is a still.

    Raises:
        NoSuchFrame: the game has no such frame.
        DatasetError: the store failed, or the video cannot be decoded.
    """
    chunk = chunk_with(entry, slp_frame)
    step = read_description(store).picture_step
    # Whole steps; otherwise pictures would be left out and the rest would run too fast.
    every = -(-ANIMATION_STEP // step) * step
    end = min(slp_frame + num_frames, chunk.slp_frame_exclusive_end)
    pictures = []
    first = None
    for frame, yuv in pictures_of(store, entry, slp_frame, end, step):
        first = frame if first is None else first
        if (frame - first) % every == 0:
            pictures.append(np.asarray(to_rgb(yuv).resize(_SIZE)))
    file = io.BytesIO()
    write_animation(pictures, file, "WEBP", FRAMES_PER_SECOND / every)
    return file.getvalue()
