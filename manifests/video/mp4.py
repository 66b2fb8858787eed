"""Read a video with libav: the places of its groups of pictures (GOPs) in the file, and its frames."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TypeAlias

import av
import numpy as np

from manifests.video.access_units import split_access_units
from manifests.video.decoder import VideoUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from av.container import InputContainer

    Source: TypeAlias = Path | BinaryIO
    Luma: TypeAlias = npt.NDArray[np.uint8]
    Yuv: TypeAlias = npt.NDArray[np.uint8]

_STRICT = {"err_detect": "explode"}  # by default libav conceals damage silently

_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, eq=False, slots=True)
class Gops:
    """The places of a video's closed groups of pictures in the file, and the parameters for a decoder.

    Attributes:
        first_frame_index: int64 [G], the number of each GOP's key frame among the video's pictures.
        num_frames: int64 [G], the number of pictures in each GOP.
        byte_offset: int64 [G], where each GOP's first packet begins in the file.
        byte_size: int64 [G], the bytes of all packets of each GOP, which are contiguous.
        avcc: the decoder configuration record (SPS and PPS).
        width: width of the pictures, in pixels.
        height: height of the pictures, in pixels.
    """

    first_frame_index: npt.NDArray[np.int64]
    num_frames: npt.NDArray[np.int64]
    byte_offset: npt.NDArray[np.int64]
    byte_size: npt.NDArray[np.int64]
    avcc: bytes
    width: int
    height: int


def read_gops(source: Source, fps: int = 60) -> Gops:
    """Read a video's GOP table from its packets; nothing is decoded.

    Args:
        source: the video.
        fps: pictures a second that the video should have.

    Raises:
        VideoUnreadable: the bytes are not a video, or not one of a dataset: its time stamps are not k / fps s
            in order, it does not begin with a key frame, or packets are missing or not contiguous in a GOP.
    """
    positions: list[int] = []
    sizes: list[int] = []
    are_keys: list[bool] = []
    with _opened(source) as container:
        video = container.streams.video[0]
        context = video.codec_context
        avcc, width, height = bytes(context.extradata or b""), context.width, context.height
        rate, num_indexed = video.average_rate, video.frames
        for packet in container.demux(video):
            if not packet.size:  # libav's end-of-stream marker
                continue
            k, pts, place, base = len(sizes), packet.pts, packet.pos, packet.time_base
            if pts is None or base is None or place is None or pts != packet.dts or pts * base * fps != k:
                _refuse(f"packet {k} is not in its place at {k}/{fps} s")
            positions.append(place)
            sizes.append(packet.size)
            are_keys.append(packet.is_keyframe)
    _require(len(sizes) == num_indexed, f"{len(sizes)} packets of {num_indexed} that its index names")
    _require(bool(are_keys) and are_keys[0], "the video does not begin with a key frame")
    _require(rate == fps, f"the video runs at {rate} frames a second, not {fps}")
    starts = np.flatnonzero(are_keys)
    offset, size = np.array(positions, np.int64), np.array(sizes, np.int64)
    follows = offset[1:] == offset[:-1] + size[:-1]
    _require(bool((follows | np.array(are_keys[1:], bool)).all()), "the packets of a GOP are not contiguous")
    return Gops(
        first_frame_index=starts.astype(np.int64),
        num_frames=np.diff(starts, append=len(are_keys)).astype(np.int64),
        byte_offset=offset[starts],
        byte_size=np.add.reduceat(size, starts),
        avcc=avcc,
        width=width,
        height=height,
    )


def decode_luma(source: Source, *, is_smoothed: bool = True) -> Iterator[Luma]:
    """Yield the brightness of each frame, uint8 [H, W], in order; each is valid until the next is yielded.

    Args:
        source: the video.
        is_smoothed: whether H.264's deblocking filter is applied, a quarter of the work. Without it, edges
            of blocks show and pictures drift a little within a GOP: enough to read a stamp.

    Raises:
        VideoUnreadable: the bytes cannot be decoded to the end.
    """
    for frame in _decoded(source, {} if is_smoothed else {"skip_loop_filter": "all"}):
        plane = frame.planes[0]
        padded = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        yield padded[:, : plane.width]


def decode_gop(data: bytes, avcc: bytes) -> Iterator[Yuv]:
    """Yield the frames of one GOP, or of its beginning, from its bytes alone, without a container.

    Args:
        data: whole packets from a key frame on: byte_size bytes at byte_offset of a Gops row.
        avcc: the video's decoder configuration record.

    Yields:
        uint8 [H * 3 / 2, W], packed I420, in order.

    Raises:
        VideoUnreadable: the bytes are not such packets.
    """
    try:
        units = split_access_units(data, avcc)
        context = av.VideoCodecContext.create("h264", "r")
        context.extradata = avcc
        context.thread_count = 1
        context.options = dict(_STRICT)
        num_frames = 0
        for packet in [*(av.Packet(unit) for unit in units), None]:
            for frame in context.decode(packet):
                num_frames += 1
                yield np.asarray(_sound(frame, num_frames - 1).to_ndarray(), np.uint8)
    except (ValueError, av.FFmpegError) as error:
        message = f"the GOP cannot be decoded: {error}"
        raise VideoUnreadable(message) from error
    _require(num_frames == len(units), f"{num_frames} frames decoded from {len(units)} pictures")


def decode_back_to_back(runs: Iterable[tuple[bytes, Sequence[int]]], avcc: bytes) -> Iterator[int]:
    """Decode pictures to RGB arrays as fast as PyAV can, for measurements; yield the count of each run.

    Args:
        runs: whole packets from a key frame on, and which of their pictures become arrays.
        avcc: the decoder configuration record of the packets.
    """
    context = av.VideoCodecContext.create("h264", "r")
    context.extradata = avcc
    context.thread_count = 1
    for data, wanted in runs:
        num_frames = 0
        for number, unit in enumerate(split_access_units(data, avcc)[: wanted[-1] + 1]):
            for frame in context.decode(av.Packet(unit)):
                if number in wanted:
                    num_frames += frame.to_ndarray(format="rgb24").ndim // 3
        yield num_frames


def _decoded(source: Source, options: Mapping[str, str] = _NO_OPTIONS) -> Iterator[av.VideoFrame]:
    num_frames = 0
    with _opened(source) as container:
        video = container.streams.video[0]
        video.codec_context.thread_count = 1
        video.codec_context.options = {**_STRICT, **options}
        for frame in container.decode(video):
            yield _sound(frame, num_frames)
            num_frames += 1
        _require(num_frames == video.frames, f"{num_frames} frames decoded of {video.frames}")


def _sound(frame: av.VideoFrame, frame_index: int) -> av.VideoFrame:
    _require(not frame.is_corrupt, f"frame {frame_index} is damaged")
    _require(frame.format.name == "yuv420p", f"frame {frame_index} is {frame.format.name}, not yuv420p")
    return frame


@contextmanager
def _opened(source: Source) -> Iterator[InputContainer]:
    """Open a video; any libav error in the block becomes a VideoUnreadable."""
    name = getattr(source, "name", None) or (type(source).__name__ if hasattr(source, "read") else source)
    target: Any = source if hasattr(source, "read") else str(source)
    try:
        with av.open(target, "r", metadata_errors="replace") as container:
            _require(len(container.streams.video) == 1, "it has not one picture stream")
            context: Any = container.streams.video[0].codec_context
            _require(context is not None, "its pictures are in no codec that is known here")
            yield container
    except (av.FFmpegError, OSError) as error:
        message = f"{name}: no readable video: {error.strerror or error}"
        raise VideoUnreadable(message) from error
    except VideoUnreadable as error:
        message = f"{name}: {error}"
        raise VideoUnreadable(message) from error


def _require(holds: bool, message: str) -> None:
    if not holds:
        _refuse(message)


def _refuse(message: str) -> NoReturn:
    raise VideoUnreadable(message)
