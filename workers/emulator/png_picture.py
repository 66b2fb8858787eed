"""Decode PNG pictures of the screen with libav, and convert them to packed I420, BT.601 limited range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from manifests.ledger.reasons import Reason
from workers.emulator.frame_channel.i420 import i420_of
from workers.errors import EmulatorFailed, EnvironmentFailed

if TYPE_CHECKING:
    from workers.emulator.contract import Yuv

_END: Final = b"IEND\xae\x42\x60\x82"  # libav's decoder accepts a file without its end


class PngDecoder:
    """Decodes the images of one play, all of one size."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)

    def decode(self, png: bytes) -> Yuv:
        """Decode one PNG to packed I420, uint8 [H * 3 / 2, W].

        The image's RGB is full range; alpha is dropped, as the emulator's screen has none.

        Raises:
            EmulatorFailed: the bytes are not a complete PNG.
            EnvironmentFailed: the picture does not have the size that was asked for.
        """
        if not png.endswith(_END):
            raise _broken(png, "its end is missing")
        # Each image needs a context of its own: libavcodec's PNG decoder mixes an image with the one before.
        codec = VideoCodecContext.create("png", "r")
        try:
            frames = codec.decode(av.Packet(png))
        except FFmpegError as error:
            raise _broken(png, str(error)) from error
        frame = frames[0]
        require_size((frame.width, frame.height), self._size)
        return i420_of(np.asarray(frame.to_ndarray(format="rgba"), np.uint8))


def require_size(size: tuple[int, int], asked: tuple[int, int]) -> None:
    """Check the size of a picture, (width, height) in pixels.

    Raises:
        EnvironmentFailed: the size is not the one that was asked for.
    """
    if size != asked:
        message = (
            f"the emulator dumps {size[0]}x{size[1]}, asked for were {asked[0]}x{asked[1]}: "
            "its window has another size; is Xvfb's screen smaller?"
        )
        raise EnvironmentFailed(message)


def _broken(png: bytes, why: str) -> EmulatorFailed:
    message = f"a dumped image of {len(png)} bytes is no whole PNG ({why}): is the dump's tmpfs full?"
    return EmulatorFailed(Reason.EMULATOR_EXIT, message)
