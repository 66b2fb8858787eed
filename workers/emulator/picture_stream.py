"""Read raw pictures from a pipe, into which the emulator writes a NUT stream that libav parses.

A pipe is used instead of a loopback socket because a pipe has no port that could be taken, nobody else can
connect to it, it ends with the emulator by itself, and its size bounds how many pictures lie in the kernel
before they are counted.

This module is the emulator side's door to libav.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import av
import numpy as np

from workers.emulator.child_pipe import ChildPipe
from workers.emulator.contract import HEIGHT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.emulator.arrivals import Arrivals
    from workers.emulator.contract import Yuv

PICTURE_BYTES: Final = WIDTH * HEIGHT * 3 // 2
PIPE_BYTES: Final = 1 << 20
"""Size of the pipe, which any user may ask for: two pictures. With a quarter of it plays are 25 % slower."""


class StreamBroken(Exception):  # noqa: N818 - internal to this folder, translated where it is caught
    """The stream ended in the middle of a picture, or does not hold WIDTH x HEIGHT yuv420p."""


class PictureStream:
    """A pipe for one emulator, and a thread that hands over its pictures until the emulator ends."""

    def __init__(self) -> None:
        self._pipe = ChildPipe("picture stream")
        with suppress(OSError):  # a user with too many large pipes gets a small one, which is only slower
            fcntl.fcntl(self._pipe.read_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    @property
    def descriptor(self) -> int:
        """The emulator's end, which it must inherit under this number; valid until `start`."""
        return self._pipe.descriptor

    @property
    def url(self) -> str:
        """The URL to which the emulator's DumpPath must be set."""
        return f"pipe:{self.descriptor}"

    def start(self, arrivals: Arrivals) -> None:
        """Begin to read: every picture goes to `arrivals`, and then the end of the stream.

        Call it only after the emulator has started, as our own copy of its end is closed here.
        """
        self._pipe.start(lambda read_end: _hand_over(read_end, arrivals))

    def close(self, seconds: float) -> None:
        """Wait for the thread, which ends with the emulator; to be called after the emulator's death."""
        self._pipe.close(seconds)


def _hand_over(read_end: int, arrivals: Arrivals) -> None:
    why = "its picture stream ended"
    try:
        for yuv in read_pictures(f"pipe:{read_end}"):
            if not arrivals.picture(yuv):
                break
    except StreamBroken as error:
        why = str(error)
    finally:
        os.close(read_end)
    arrivals.end(why)


def read_pictures(url: str) -> Iterator[Yuv]:
    """Yield every picture of a NUT stream of raw WIDTH x HEIGHT yuv420p, until it ends.

    Args:
        url: "pipe:N", which is left open, or a file's path. libav reads it itself; reading through a Python
            file object took half as much CPU again.

    Yields:
        uint8 [720, 640], packed I420, each with memory of its own.

    Raises:
        StreamBroken: the stream is not NUT, its pictures have another size or format, or one is cut short.
    """
    try:
        # The header says everything, so nothing is read ahead to find out more.
        with av.open(
            url, "r", format="nut", options={"probesize": "32", "analyzeduration": "0"}
        ) as container:
            stream = container.streams.video[0]
            found = (stream.codec_context.width, stream.codec_context.height, stream.codec_context.pix_fmt)
            if found != (WIDTH, HEIGHT, "yuv420p"):
                message = f"its pictures are {found[0]}x{found[1]} {found[2]}, not {WIDTH}x{HEIGHT} yuv420p"
                raise StreamBroken(message)
            for packet in container.demux(stream):
                if packet.size == 0:  # libav's end-of-stream marker
                    return
                if packet.size != PICTURE_BYTES or packet.is_corrupt:
                    message = f"a picture of its stream has {packet.size} bytes, not {PICTURE_BYTES}"
                    raise StreamBroken(message)
                yield np.frombuffer(memoryview(packet), np.uint8).reshape(HEIGHT * 3 // 2, WIDTH)
    except av.FFmpegError as error:
        message = f"its picture stream cannot be read: {error.strerror}"
        raise StreamBroken(message) from error
