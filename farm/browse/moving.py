"""Small moving pictures of a moment, which a browser plays by itself, again and again."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np

from farm.browse.stills import to_rgb
from manifests.ledger.dataset import read_description
from manifests.video.mp4 import decode_gop

if TYPE_CHECKING:
    from manifests.ledger.entry import LedgerEntry
    from manifests.ledger.records import ChunkRecord
    from manifests.store.contract import Store

CLIP_FRAMES: Final = 60
"""Length of a moving picture, in frames of the game: a second."""
_STEP: Final = 3  # frames from one of its pictures to the next
_SIZE: Final = (320, 240)
_QUALITY: Final = 70


class NoSuchFrame(ValueError):  # noqa: N818 - named for what is so
    """The game has no such frame."""


def moving_picture(store: Store, entry: LedgerEntry, slp_frame: int, num_frames: int = CLIP_FRAMES) -> bytes:
    """Make an animated WebP of 320 x 240 that begins with a frame, shows a second, and begins again.

    It has 20 pictures a second, or as many as the dataset has where those are fewer, and ends with the chunk.
    With `num_frames` of 1 it is a still.

    Raises:
        NoSuchFrame: the game has no such frame.
        DatasetError: the store failed, or the video cannot be decoded.
    """
    chunk = _chunk_with(entry, slp_frame)
    step = read_description(store).picture_step
    every = -(-_STEP // step) * step  # whole steps, or pictures would be left out and the rest run too fast
    first = (slp_frame - chunk.slp_frame_start) // step * step
    end = min(first + num_frames, chunk.num_frames)
    video, gops = chunk.footage
    gop, last = np.searchsorted(gops.first_frame_index, [first, end - 1], side="right") - 1
    start = gops.byte_offset[gop]
    data = store.get_range(video.key, start, gops.byte_offset[last] + gops.byte_size[last])
    pictures = []
    at = gops.first_frame_index[gop]
    for yuv in decode_gop(data, bytes.fromhex(chunk.avcc)):
        if first <= at < end and (at - first) % every == 0:
            pictures.append(to_rgb(yuv).resize(_SIZE))
        at += step
    file = io.BytesIO()
    milliseconds = round(1000 * every / 60)
    pictures[0].save(
        file,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=milliseconds,
        loop=0,
        quality=_QUALITY,
    )
    return file.getvalue()


def _chunk_with(entry: LedgerEntry, slp_frame: int) -> ChunkRecord:
    for chunk in entry.chunks:
        if chunk.slp_frame_start <= slp_frame < chunk.slp_frame_exclusive_end:
            return chunk
    message = f"game {entry.game_id[:12]} has no frame {slp_frame}"
    raise NoSuchFrame(message)
