"""Divide H.264 bytes into pictures, and tell key pictures from others, without libav.

An access unit is the bytes of one picture: units (parameter sets, notes, slices), each after its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_AVCC_VERSION: Final = 1
_AVCC_MIN_BYTES: Final = 7
_LENGTH_SIZE_BYTE: Final = 4
_TYPE_MASK: Final = 0x1F
_SLICE, _KEY_SLICE = 1, 5
_SLICES: Final = frozenset({_SLICE, _KEY_SLICE})
_FIRST_MACROBLOCK_IS_ZERO: Final = 0x80  # the slice header begins with ue(first_mb_in_slice); "1" is zero


def nal_length_bytes(avcc: bytes) -> int:
    """Read from the decoder configuration record how many bytes each unit's length takes.

    Raises:
        ValueError: `avcc` is not such a record.
    """
    if len(avcc) < _AVCC_MIN_BYTES or avcc[0] != _AVCC_VERSION:
        message = f"no avcC record (decoder configuration): {avcc[:8].hex(' ') or 'empty'}"
        raise ValueError(message)
    return (avcc[_LENGTH_SIZE_BYTE] & 3) + 1


def split_access_units(data: bytes, avcc: bytes) -> tuple[bytes, ...]:
    """Divide the bytes of consecutive pictures, such as those of a GOP, into one piece per picture.

    A picture begins with the first unit after the slices of the picture before; it may have several slices.

    Args:
        data: whole packets as an mp4 holds them, each unit preceded by its length.
        avcc: the video's decoder configuration record.

    Raises:
        ValueError: there is no avcC, the bytes are not whole units, or they hold no picture.
    """
    starts: list[int] = []
    pending: int | None = None  # where the units of the next picture begin
    for place, kind, slice_start in _units(data, nal_length_bytes(avcc)):
        if pending is None:
            pending = place
        if kind in _SLICES:
            if slice_start & _FIRST_MACROBLOCK_IS_ZERO:  # the first slice of a picture, not a further one
                starts.append(pending)
            pending = None
    if not starts or pending is not None:
        message = f"{len(data)} bytes {'do not end with a' if starts else 'hold no'} picture"
        raise ValueError(message)
    starts[0] = 0
    return tuple(data[start:end] for start, end in zip(starts, [*starts[1:], len(data)], strict=True))


def is_key_picture(unit: bytes, avcc: bytes) -> bool:
    """Whether an access unit from `split_access_units` is a key picture, by the type of its first slice."""
    length_bytes, place = (avcc[_LENGTH_SIZE_BYTE] & 3) + 1, 0
    while place + length_bytes < len(unit):
        kind = unit[place + length_bytes] & _TYPE_MASK
        if kind in _SLICES:
            return kind == _KEY_SLICE
        # Units before the first slice (parameter sets, frame marks) say nothing about the picture's kind.
        place += length_bytes + int.from_bytes(unit[place : place + length_bytes], "big")
    return False


def _units(data: bytes, length_bytes: int) -> Iterator[tuple[int, int, int]]:
    """Yield, for each unit, where its length begins, its type, and its second byte."""
    place = 0
    while place < len(data):
        start = place + length_bytes
        size = int.from_bytes(data[place:start], "big")
        if size < 2 or start + size > len(data):  # noqa: PLR2004 - a header byte and a body
            message = f"a unit of {size} bytes at byte {place} of {len(data)}: not whole packets of an mp4"
            raise ValueError(message)
        yield place, data[start] & _TYPE_MASK, data[start + 1]
        place = start + size
