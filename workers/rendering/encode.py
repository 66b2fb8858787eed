"""Encode pictures as H.264 by the video contract: the same pictures and settings give the same bytes.

libav runs x264 in this process. An ffmpeg child would give the same pictures in as many bytes for a tenth
more CPU (measured, see dolphin_configs/README.md), and would be one more process to supervise.

This module is the render side's door to libav for video files.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc

from manifests.ledger.reasons import Reason
from workers.emulator.contract import HEIGHT, WIDTH
from workers.errors import EnvironmentFailed, RenderFailed
from workers.rendering.chunk import GOP_FRAMES
from workers.rendering.crf import MAX_CRF, MIN_CRF
from workers.rendering.sei_writer import mark_packet

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import OutputContainer

    from manifests.video.sei import FrameMark
    from workers.emulator.contract import Yuv

FPS: Final = 60
"""Frames per second of the time stamps: frame k is at exactly k / 60 s. The console's true rate, slightly
less, is in dataset.json."""

_TIMESCALE: Final = 60_000  # ticks per second of the track: a multiple of FPS, so that k / 60 is exact
_PRESETS: Final = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
_THE_MACHINES_FAULT: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENOTDIR}
)
_SMPTE170M: Final = 6  # AVCOL_SPC_SMPTE170M; PyAV's own enumeration has swscale's numbers, where 6 is another


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """The choices that the video contract leaves open; this module fixes the rest.

    Attributes:
        crf: x264's constant quality, from 1 (hardly any loss) to 51; higher values give smaller files.
        preset: x264's preset, from ultrafast to veryslow.

    Raises:
        ValueError: x264 does not know a value.
    """

    crf: float = 23.0
    preset: str = "veryfast"

    def __post_init__(self) -> None:
        if not MIN_CRF <= self.crf <= MAX_CRF:
            message = f"crf is from {MIN_CRF:.0f} to {MAX_CRF:.0f}, got {self.crf:g}"
            raise ValueError(message)
        if self.preset not in _PRESETS:
            message = f"preset is one of {', '.join(_PRESETS)}, got {self.preset!r}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Coding:
    """How the pictures of a video refer to each other; an emulator's pictures are coded by the default.

    Attributes:
        gop_pictures: number of pictures in every GOP.
        b_frames: how many pictures in a row may refer to a later one; packets are then not in order.
        refreshes_within: whether a moving column is refreshed instead of whole pictures (intra refresh).
    """

    gop_pictures: int = GOP_FRAMES
    b_frames: int = 0
    refreshes_within: bool = False


DATASET_CODING: Final = Coding()


class ChunkEncoder:
    """Writes one chunk's video. A context manager: leaving it without `close` leaves no file.

    Args:
        path: where to write the mp4; an existing file is replaced.
        settings: the choices that the video contract leaves open.
        width: width of the pictures, in pixels.
        height: height of the pictures, in pixels.
        mark: the mark of the first frame (see `manifests.video.sei`); every key frame then carries its own
            mark. None for no marks.
        fps: pictures per second of the time stamps, a divisor of 60: from one picture to the next there are
            60 / fps frames.
        coding: how pictures refer to each other; DATASET_CODING by default.

    Raises:
        RenderFailed: the encoder failed.
        EnvironmentFailed: there is no room, or no permission.
    """

    def __init__(
        self,
        path: Path,
        settings: VideoSettings,
        *,
        width: int = WIDTH,
        height: int = HEIGHT,
        mark: FrameMark | None = None,
        fps: int = FPS,
        coding: Coding | None = None,
    ) -> None:
        self._path, self._fps = path, fps
        self._mark = mark
        self._shape = (height * 3 // 2, width)
        self._num_frames = 0
        self._is_open = True
        try:
            self._file = _open_mp4(path)
            self._stream = self._file.add_stream(
                "libx264", rate=fps, options=_x264_options(settings, coding or DATASET_CODING)
            )
        except (av.FFmpegError, OSError) as error:
            _fail(path, error)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        context = self._stream.codec_context
        self._stream.time_base = context.time_base = Fraction(1, fps)
        context.thread_count = 1  # the bytes depend on it
        context.color_range = ColorRange.MPEG
        context.colorspace = _SMPTE170M
        context.color_primaries = ColorPrimaries.SMPTE170M
        context.color_trc = ColorTrc.SMPTE170M

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_open:
            self._is_open = False
            with suppress(av.FFmpegError, OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)

    def write(self, picture_yuv: Yuv) -> None:
        """Encode the next picture: packed I420, uint8 [height * 3 / 2, width], BT.601 limited range.

        Raises:
            ValueError: the picture has another shape or dtype.
            RenderFailed: the encoder refuses the picture.
            EnvironmentFailed: there is no room.
        """
        if picture_yuv.shape != self._shape or picture_yuv.dtype.name != "uint8":
            message = f"pictures are uint8 {self._shape}, got {picture_yuv.dtype} {picture_yuv.shape}"
            raise ValueError(message)
        frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(picture_yuv), format="yuv420p")
        frame.pts, frame.time_base = self._num_frames, Fraction(1, self._fps)
        self._num_frames += 1
        self._encode(frame)

    def close(self) -> None:
        """Write the rest of the file, with the index in front.

        Raises:
            RenderFailed: the encoder refuses, or no picture was written.
            EnvironmentFailed: there is no room.
        """
        if self._num_frames == 0:
            message = f"{self._path.name}: no picture to encode"
            raise RenderFailed(Reason.ENCODE_FAILED, message)
        self._encode(None)
        try:
            self._file.close()
        except (av.FFmpegError, OSError) as error:
            _fail(self._path, error)
        self._is_open = False

    def _encode(self, frame: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._file.mux(packet if self._mark is None else self._marked(packet, self._mark))
        except (av.FFmpegError, OSError) as error:
            _fail(self._path, error)

    def _marked(self, packet: av.Packet[av.VideoStream], mark: FrameMark) -> av.Packet[Any]:
        if not packet.is_keyframe or packet.pts is None:
            return packet
        own = replace(mark, slp_frame=mark.slp_frame + packet.pts * (FPS // self._fps))
        copy = av.Packet(mark_packet(bytes(packet), own))
        copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
        copy.time_base, copy.stream, copy.is_keyframe = packet.time_base, packet.stream, True
        return copy


def _open_mp4(path: Path) -> OutputContainer:
    options = {
        "movflags": "+faststart",  # the index in front of the data
        "fflags": "+bitexact",  # writes neither library version nor date
        "video_track_timescale": str(_TIMESCALE),
        "use_editlist": "0",  # without B-frames there is nothing to edit, and readers disagree about edits
    }
    return av.open(str(path), "w", format="mp4", options=options)


def _x264_options(settings: VideoSettings, coding: Coding) -> dict[str, str]:
    x264 = (
        f"keyint={coding.gop_pictures}:min-keyint={coding.gop_pictures}:scenecut=0:open-gop=0"
        f":bframes={coding.b_frames}:intra-refresh={int(coding.refreshes_within)}:force-cfr=1"
        ":threads=1:lookahead-threads=1:sliced-threads=0"
        ":cpu-independent=1"  # else x264 decides differently where a CPU offers other instructions
    )
    return {"preset": settings.preset, "crf": str(settings.crf), "profile": "high", "x264-params": x264}


def _fail(path: Path, error: Exception) -> NoReturn:
    if isinstance(error, OSError) and error.errno in _THE_MACHINES_FAULT:
        message = f"{path}: {error.strerror}; free some room or choose another scratch folder"
        raise EnvironmentFailed(message) from error
    message = f"{path.name}: the encoder failed: {error}"
    raise RenderFailed(Reason.ENCODE_FAILED, message) from error
