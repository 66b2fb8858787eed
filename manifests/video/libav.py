"""The loader's default decoder: libav in this process, fed with bytes of GOPs, without a container.

One codec context serves run after run, because every run begins with a key frame, which resets the decoder.
Videos of a dataset have no B-frames, so picture k comes out when packet k goes in, and nothing after the last
wanted picture is decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from manifests.video.access_units import is_key_picture, split_access_units
from manifests.video.decoder import VideoUnreadable
from manifests.video.framing import WHOLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.video.decoder import GopRun, PixelFormat
    from manifests.video.framing import Framing

_STRICT = {"err_detect": "explode"}  # by default libav conceals damage silently
_INTERMEDIATE = "yuv420p"
_SCALING = "AREA"  # averages all pixels of the video; changes nothing if nothing is resized


class LibavDecoder:
    """A decoder that uses libav through PyAV."""

    name = "libav"

    def __init__(self, pixel_format: PixelFormat, framing: Framing = WHOLE) -> None:
        self._is_rgb, self._framing = pixel_format == "rgb", framing
        self._reformatter, self._interleaver = VideoReformatter(), VideoReformatter()
        self._avcc = b""
        self._context: av.VideoCodecContext | None = None

    def decode(self, run: GopRun, wanted: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        """Decode some pictures of a run into `out`; as `Decoder.decode`."""
        try:
            self._decode(run, wanted, out)
        except (ValueError, av.FFmpegError) as error:
            self._context = None  # damage may have left the context in any state
            message = f"the GOPs cannot be decoded: {error}"
            raise VideoUnreadable(message) from error
        except VideoUnreadable:
            self._context = None
            raise

    def _decode(self, run: GopRun, wanted: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        units = split_access_units(run.data, run.avcc)
        if int(wanted[-1]) >= len(units):
            message = f"picture {int(wanted[-1])} is wanted of {len(units)}"
            raise VideoUnreadable(message)
        context = self._context_for(run.avcc)
        slot_of = {int(number): slot for slot, number in enumerate(wanted)}
        for number in needed_pictures([is_key_picture(unit, run.avcc) for unit in units], slot_of):
            frames = context.decode(av.Packet(units[number]))
            if len(frames) != 1:
                message = f"picture {number} gave {len(frames)} frames; the contract has no reordering"
                raise VideoUnreadable(message)
            if number in slot_of:
                self._copy(frames[0], run, out[slot_of[number]])

    def _context_for(self, avcc: bytes) -> av.VideoCodecContext:
        if self._context is None or avcc != self._avcc:
            context = av.VideoCodecContext.create("h264", "r")
            context.extradata = avcc
            context.thread_count = 1  # loaders have many processes; frame threads would also delay pictures
            context.options = dict(_STRICT)
            self._context, self._avcc = context, avcc
        return self._context

    def _copy(self, frame: av.VideoFrame, run: GopRun, out: NDArray[np.uint8]) -> None:
        shape = (frame.width, frame.height)
        if frame.is_corrupt or frame.format.name != _INTERMEDIATE or shape != (run.width, run.height):
            message = f"a damaged frame, or not {_INTERMEDIATE} of {run.width}x{run.height}: {frame}"
            raise VideoUnreadable(message)
        width, height = self._framing.output(run.width, run.height)
        if self._framing.crop is not None:
            frame = _cropped(frame, self._framing.crop)
        if self._is_rgb:
            out[:] = plane_of(self._rgb_of(frame, width, height), 0, 3 * width).reshape(height, width, 3)
            return
        if (frame.width, frame.height) != (width, height):
            frame = self._reformatter.reformat(
                frame, width, height, format=_INTERMEDIATE, interpolation=_SCALING
            )
        out[:height] = plane_of(frame, 0, width)
        chroma = out[height:].reshape(2, height // 2, width // 2)
        chroma[0], chroma[1] = plane_of(frame, 1, width // 2), plane_of(frame, 2, width // 2)

    def _rgb_of(self, frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        if (frame.width, frame.height) == (width, height):
            return self._reformatter.reformat(frame, format="rgb24")
        # When swscale resizes to packed RGB, it uses only half of the columns of colour. When it resizes to
        # planes, it uses all of them, and takes two thirds of the time at 288x384, including the interleaving
        # of the planes. Compared with the mean of exact colours this gives 44.1 dB instead of 39.0; at 64x128
        # it gives 46.8 instead of 35.0.
        scaled = self._reformatter.reformat(frame, width, height, format="gbrp", interpolation=_SCALING)
        return self._interleaver.reformat(scaled, format="rgb24")


def _cropped(frame: av.VideoFrame, crop: tuple[int, int, int, int]) -> av.VideoFrame:
    """Copy a part of a frame of yuv420p, (top, left, height, width), all even."""
    top, left, height, width = crop
    part = av.VideoFrame(width, height, _INTERMEDIATE)
    part.colorspace, part.color_range = frame.colorspace, frame.color_range
    for number, scale in ((0, 1), (1, 2), (2, 2)):
        rows = slice(top // scale, (top + height) // scale)
        columns = slice(left // scale, (left + width) // scale)
        plane = np.frombuffer(memoryview(part.planes[number]), np.uint8)
        plane = plane.reshape(-1, part.planes[number].line_size)[: height // scale, : width // scale]
        plane[:] = plane_of(frame, number, frame.width // scale)[rows, columns]
    return part


def plane_of(frame: av.VideoFrame, number: int, row_bytes: int) -> NDArray[np.uint8]:
    """View a plane's bytes, [rows, row_bytes], without row padding; valid only while the frame exists."""
    plane = frame.planes[number]
    padded = np.frombuffer(memoryview(plane), np.uint8)
    return padded.reshape(-1, plane.line_size)[: plane.height, :row_bytes]


def needed_pictures(are_keys: list[bool], wanted: dict[int, int]) -> list[int]:
    """List the pictures that must be decoded to get the wanted ones: each GOP up to its last wanted one."""
    needed: list[int] = []
    waiting: list[int] = []
    for number, is_key in enumerate(are_keys):
        if is_key:
            waiting = []  # a key frame needs nothing before it
        waiting.append(number)
        if number in wanted:
            needed += waiting
            waiting = []
    return needed
