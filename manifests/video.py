"""The reading side's door to libav: where a video's GOPs lie, and its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

import av
import numpy as np

from manifests.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    Source: TypeAlias = Path | BinaryIO
    Luma: TypeAlias = npt.NDArray[np.uint8]


class VideoUnreadable(DatasetError):  # noqa: N818
    """The bytes are no video that follows the contract."""


@dataclass(frozen=True, eq=False, slots=True)
class Gops:
    """Where each closed group of pictures of a video lies, and what a decoder needs to know of it.

    Attributes:
        first_frame_index: int64 [G], 0-based.
        num_frames: int64 [G].
        byte_offset: int64 [G], of its first packet in the file.
        byte_size: int64 [G], of all its packets, which are contiguous.
        avcc: the decoder configuration record (SPS and PPS).
        width: pixels.
        height: pixels.
    """

    first_frame_index: npt.NDArray[np.int64]
    num_frames: npt.NDArray[np.int64]
    byte_offset: npt.NDArray[np.int64]
    byte_size: npt.NDArray[np.int64]
    avcc: bytes
    width: int
    height: int


def read_gops(source: Source) -> Gops:
    """Read a video's GOP table from its packets; nothing is decoded.

    Raises:
        VideoUnreadable: no video, not starting with a key frame, packets out of order or not contiguous in a GOP.
    """
    position: list[int] = []
    size: list[int] = []
    is_key: list[bool] = []
    with _open(source) as container:
        video = container.streams.video[0]
        context = video.codec_context
        avcc, width, height = bytes(context.extradata or b""), context.width, context.height
        for packet in container.demux(video):
            if packet.size:
                _require(packet.pts == packet.dts, f"packet {len(size)} is reordered: B-frames are not allowed")
                position.append(packet.pos)
                size.append(packet.size)
                is_key.append(packet.is_keyframe)
    _require(bool(is_key) and is_key[0], "the video does not begin with a key frame")
    start = np.flatnonzero(is_key)
    exclusive_end = np.append(start[1:], len(is_key))
    offsets, sizes = np.array(position, np.int64), np.array(size, np.int64)
    follows = offsets[1:] == offsets[:-1] + sizes[:-1]
    _require(bool((follows | np.array(is_key[1:], bool)).all()), "the packets of a GOP are not contiguous")
    return Gops(
        first_frame_index=start.astype(np.int64),
        num_frames=(exclusive_end - start).astype(np.int64),
        byte_offset=offsets[start],
        byte_size=np.add.reduceat(sizes, start),
        avcc=avcc,
        width=width,
        height=height,
    )


def decode_luma(source: Source) -> Iterator[Luma]:
    """Yield the brightness plane of each frame, uint8 [H, W], in order; each is valid until the next is taken.

    Raises:
        VideoUnreadable: the bytes cannot be decoded to the end.
    """
    with _open(source) as container:
        video = container.streams.video[0]
        video.thread_count = 1
        try:
            for frame in container.decode(video):
                plane = frame.planes[0]
                padded = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                yield padded[:, : plane.width]
        except av.FFmpegError as error:
            message = f"the video cannot be decoded: {error}"
            raise VideoUnreadable(message) from error


def _open(source: Source) -> av.container.InputContainer:
    try:
        container = av.open(source if hasattr(source, "read") else str(source))
    except (av.FFmpegError, OSError) as error:
        message = f"{source}: no video: {error}"
        raise VideoUnreadable(message) from error
    if not container.streams.video:
        container.close()
        message = f"{source}: there is no picture in it"
        raise VideoUnreadable(message)
    return container


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise VideoUnreadable(message)
