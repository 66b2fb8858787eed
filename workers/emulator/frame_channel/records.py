"""Parse the records that the preloaded library writes: greeting, printed lines and pictures, in one stream.

    bytes -> Hello | Line | ShownPicture ...

`channel.c` declares the records.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from workers.emulator.frame_channel.picture_memory import MAX_SIDE, NUM_SLOTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

VERSION: Final = 3
"""The version of the records that this reader knows, and that the library sends in its greeting."""
MAGIC: Final = 0x4D524644
MAX_LINE_BYTES: Final = 4096

_HELLO, _LINE, _PICTURE = 1, 2, 3
_START: Final = struct.Struct("=III")
_VERSION: Final = struct.Struct("=I")
_SHOWN: Final = struct.Struct("=iIIIiI")


class ChannelBroken(Exception):  # noqa: N818 - internal to this folder, translated where it is caught
    """The stream ended within a record, or holds bytes that are not a record."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The greeting: the library was loaded into a program that draws by GLX."""

    version: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line that the emulator printed, without its end."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class ShownPicture:
    """One picture that the emulator showed.

    Attributes:
        number: counts all pictures shown, from 1.
        yuv: uint8 [H * 3 / 2, W], packed I420, BT.601 limited range. It stays valid for as long as it is
            held.
        slp_frame_asked: the frame that had last been asked for when it was shown; None before any.
    """

    number: int
    yuv: NDArray[np.uint8]
    slp_frame_asked: int | None


Record: TypeAlias = Hello | Line | ShownPicture


def read_records(
    readinto: Callable[[memoryview], int], picture_in: Callable[[int, int, int], NDArray[np.uint8]]
) -> Iterator[Record]:
    """Yield every record until the stream ends.

    Args:
        readinto: fills the buffer from its beginning, and returns the number of bytes; 0 at the end.
        picture_in: returns the picture in a slot, given its width and height.

    Raises:
        ChannelBroken: the stream ended within a record, or holds bytes that are not a record.
    """
    start = bytearray(_START.size)
    while _fill(start, readinto, may_end=True):
        magic, kind, length = _START.unpack(start)
        if magic != MAGIC:
            message = f"its stream holds {magic:#x} where a record begins with {MAGIC:#x}"
            raise ChannelBroken(message)
        if kind == _PICTURE:
            yield _picture(length, readinto, picture_in)
        elif kind == _LINE and length <= MAX_LINE_BYTES:
            yield Line(_exactly(length, readinto).decode("utf-8", "replace").rstrip("\r"))
        elif kind == _HELLO and length == _VERSION.size:
            yield Hello(*_VERSION.unpack(_exactly(length, readinto)))
        else:
            message = f"its stream holds a record of kind {kind} with {length} bytes"
            raise ChannelBroken(message)


def _picture(
    length: int,
    readinto: Callable[[memoryview], int],
    picture_in: Callable[[int, int, int], NDArray[np.uint8]],
) -> ShownPicture:
    if length != _SHOWN.size:
        message = f"its stream holds a picture's record of {length} bytes, {_SHOWN.size} are due"
        raise ChannelBroken(message)
    number, width, height, has_asked, asked, slot = _SHOWN.unpack(_exactly(length, readinto))
    are_sides = all(0 < side <= MAX_SIDE and side % 2 == 0 for side in (width, height))
    if not are_sides or has_asked not in (0, 1) or slot >= NUM_SLOTS:
        message = f"its stream holds a picture of {width}x{height} in slot {slot}"
        raise ChannelBroken(message)
    return ShownPicture(number, picture_in(slot, width, height), asked if has_asked else None)


def _exactly(length: int, readinto: Callable[[memoryview], int]) -> bytearray:
    data = bytearray(length)
    _fill(data, readinto)
    return data


def _fill(data: bytearray, readinto: Callable[[memoryview], int], *, may_end: bool = False) -> bool:
    """Fill all of `data`; return False if the stream ended before its first byte and `may_end` is set."""
    view = memoryview(data)
    filled = 0
    while filled < len(view):
        count = readinto(view[filled:])
        if count == 0:
            if may_end and filled == 0:
                return False
            message = f"its stream ended after {filled} of {len(view)} bytes"
            raise ChannelBroken(message)
        filled += count
    return True
