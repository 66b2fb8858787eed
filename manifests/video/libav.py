"""The loader's default decoder: libav in this process, fed with bytes of GOPs, without a container.

One codec context serves run after run: every run begins with a key frame, which clears what was before.
Videos of a dataset have no B-frames, so picture k comes out when packet k goes in, and nothing after the last
picture wanted is decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from manifests.video.access_units import is_key_picture, split_access_units
from manifests.video.decoder import VideoUnreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.video.decoder import GopRun, PixelFormat

_STRICT = {"err_detect": "explode"}  # libav's default is to paint over damage without a word
_INTERMEDIATE = "yuv420p"


class LibavDecoder:
    """The Decoder contract by PyAV."""

    name = "libav"

    def __init__(self, pixel_format: PixelFormat) -> None:
        self._is_rgb = pixel_format == "rgb"
        self._reformatter = VideoReformatter()
        self._avcc = b""
        self._context: av.VideoCodecContext | None = None

    def decode(self, run: GopRun, wanted: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        """Decode some pictures of a run into `out`; as `Decoder.decode`."""
        try:
            self._decode(run, wanted, out)
        except (ValueError, av.FFmpegError) as error:
            self._context = None  # whatever state the damage left it in
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
        if self._is_rgb:
            rgb = self._reformatter.reformat(frame, format="rgb24")
            out[:] = plane_of(rgb, 0, 3 * run.width).reshape(run.height, run.width, 3)
            return
        height, half = run.height, run.width // 2
        out[:height] = plane_of(frame, 0, run.width)
        chroma = out[height:].reshape(2, height // 2, half)
        chroma[0], chroma[1] = plane_of(frame, 1, half), plane_of(frame, 2, half)


def plane_of(frame: av.VideoFrame, number: int, row_bytes: int) -> NDArray[np.uint8]:
    """View a plane's bytes, [rows, row_bytes], without the padding of its rows; valid while the frame is."""
    plane = frame.planes[number]
    padded = np.frombuffer(memoryview(plane), np.uint8)
    return padded.reshape(-1, plane.line_size)[: plane.height, :row_bytes]


def needed_pictures(are_keys: list[bool], wanted: dict[int, int]) -> list[int]:
    """List the pictures to decode so that all wanted ones come out: each GOP up to its last wanted one."""
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
