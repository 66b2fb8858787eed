"""Reads a whole video with PyAV alone, for comparison: every frame, and every key frame's mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np

from manifests.video.sei import FrameMark, find_mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


def decode_frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Each frame as packed I420, uint8 [H * 3 / 2, W], in order, each with memory of its own."""
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.video[0]):
            assert frame.format.name == "yuv420p"
            yield np.asarray(frame.to_ndarray(), np.uint8)


def read_marks(path: Path) -> Iterator[FrameMark | None]:
    """Read each key frame's mark, None where it has none, from any container and without decoding."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        avcc = bytes(video.codec_context.extradata or b"")
        for packet in container.demux(video):
            if packet.size and packet.is_keyframe:
                yield find_mark(bytes(packet), avcc)
