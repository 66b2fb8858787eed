"""Decodes the pictures of some frames of a game, reading only the bytes of their GOPs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.video.mp4 import decode_gop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.ledger.entry import LedgerEntry
    from manifests.ledger.records import ChunkRecord
    from manifests.store.contract import Store
    from manifests.video.mp4 import Yuv


class NoSuchFrame(ValueError):  # noqa: N818 - named for what is so
    """A game does not have the requested frame."""


def chunk_with(entry: LedgerEntry, slp_frame: int) -> ChunkRecord:
    """Find the chunk that has a frame of a committed game.

    Raises:
        NoSuchFrame: no chunk has the frame.
    """
    for chunk in entry.chunks:
        if chunk.slp_frame_start <= slp_frame < chunk.slp_frame_exclusive_end:
            return chunk
    message = f"game {entry.game_id[:12]} has no frame {slp_frame}"
    raise NoSuchFrame(message)


def pictures_of(
    store: Store, entry: LedgerEntry, start: int, exclusive_end: int, picture_step: int
) -> Iterator[tuple[int, Yuv]]:
    """Yield the slp_frame and picture, packed I420, of each frame of a range that has a picture.

    Args:
        store: the dataset's store.
        entry: the game's ledger entry.
        start: first slp_frame; if it has no picture, the last frame before it that has one comes first.
        exclusive_end: the slp_frame after the last; frames after the game's end are left out.
        picture_step: frames from one picture to the next.

    Raises:
        NoSuchFrame: the game does not have the first frame.
        DatasetError: the store failed, or a video cannot be decoded.
    """
    first_chunk = chunk_with(entry, start)
    for chunk in entry.chunks[entry.chunks.index(first_chunk) :]:
        base = chunk.slp_frame_start
        if base >= exclusive_end:
            return
        first = max(0, start - base) // picture_step * picture_step
        end = min(exclusive_end - base, chunk.num_frames)
        video, gops = chunk.footage
        gop, last = np.searchsorted(gops.first_frame_index, [first, end - 1], side="right") - 1
        offset = gops.byte_offset[gop]
        data = store.get_range(video.key, offset, gops.byte_offset[last] + gops.byte_size[last])
        at = gops.first_frame_index[gop]
        for yuv in decode_gop(data, bytes.fromhex(chunk.avcc)):
            if first <= at < end:
                yield base + at, yuv
            at += picture_step
