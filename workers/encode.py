"""Pictures to H.264, by the video contract: every byte follows from the pictures and the settings."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Self

import av
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc

from manifests.reasons import Reason
from workers.chunk import GOP_FRAMES
from workers.errors import RenderFailed

if TYPE_CHECKING:
    from pathlib import Path

    from workers.emulator.contract import Yuv

FPS: Final = 60
"""Of the time stamps: frame k is at exactly k / 60 s. The console's true rate, 60000/1001, is in dataset.json."""

_PRESETS: Final = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
_MAX_CRF: Final = 51.0
_SMPTE170M: Final = 6  # libav's number; PyAV's name for it stands for bt470bg, the same matrix under another tag


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """The free choices of the video contract; the rest of it is fixed here.

    Attributes:
        crf: x264's constant quality: 0 is lossless, higher is smaller.
        preset: x264's, from ultrafast to veryslow.

    Raises:
        ValueError: on a value that x264 does not know.
    """

    crf: float = 23.0
    preset: str = "veryfast"

    def __post_init__(self) -> None:
        if not 0 <= self.crf <= _MAX_CRF:
            message = f"crf is from 0 to {_MAX_CRF:.0f}, got {self.crf}"
            raise ValueError(message)
        if self.preset not in _PRESETS:
            message = f"preset is one of {', '.join(_PRESETS)}, got {self.preset!r}"
            raise ValueError(message)


class ChunkEncoder:
    """Writes one chunk's video. A context manager: leaving it without `close` leaves no file.

    Args:
        path: of the mp4; must not exist.
        settings: the free choices.
        width: of the pictures, pixels.
        height: likewise.

    Raises:
        RenderFailed: the encoder refuses.
    """

    def __init__(self, path: Path, settings: VideoSettings, width: int = 640, height: int = 480) -> None:
        self._path = path
        self._num_frames = 0
        # bitexact: no library version in the file; faststart: the index in front of the data
        self._file = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact", "video_track_timescale": str(FPS), "use_editlist": "0"}
        )
        stream = self._file.add_stream("libx264", rate=FPS, options=_x264_options(settings))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, FPS)
        stream.codec_context.thread_count = 1  # the bytes depend on it
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.colorspace = _SMPTE170M
        stream.codec_context.color_primaries = ColorPrimaries.SMPTE170M
        stream.codec_context.color_trc = ColorTrc.SMPTE170M
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(av.FFmpegError):
                self._file.close()
            self._path.unlink(missing_ok=True)

    def write(self, picture_yuv: Yuv) -> None:
        """Encode the next picture: packed I420, uint8 [height * 3 / 2, width], BT.601 limited range.

        Raises:
            RenderFailed: the encoder refuses it.
        """
        frame = av.VideoFrame.from_ndarray(picture_yuv, format="yuv420p")
        frame.pts, frame.time_base = self._num_frames, Fraction(1, FPS)
        self._num_frames += 1
        self._mux(frame)

    def close(self) -> None:
        """Finish the file.

        Raises:
            RenderFailed: the encoder refuses.
        """
        self._mux(None)
        self._file.close()
        self._file = None

    def _mux(self, frame: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._file.mux(packet)
        except av.FFmpegError as error:
            message = f"frame {self._num_frames} could not be encoded: {error}"
            raise RenderFailed(Reason.ENCODE_FAILED, message) from error


def _x264_options(settings: VideoSettings) -> dict[str, str]:
    x264 = (
        f"keyint={GOP_FRAMES}:min-keyint={GOP_FRAMES}:scenecut=0:open-gop=0:bframes=0:force-cfr=1"
        ":threads=1:lookahead-threads=1:sliced-threads=0"
    )
    return {"preset": settings.preset, "crf": str(settings.crf), "profile": "high", "x264-params": x264}
