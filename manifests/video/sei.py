"""Read frame marks: the slp_frame and the game_id that every key frame carries in its own bytes.

A mark is an H.264 SEI message `user_data_unregistered`: our UUID, then slp_frame as a signed big-endian
32-bit number, then the 32 bytes of the game_id. Decoders skip it, and stream copies into other containers
keep it, so a copied video still tells which moment of which game it shows. workers/rendering/sei_writer.py
writes the marks.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK_UUID: Final = UUID("6d0d8f4e-3c1b-5a57-9c57-64662d667261").bytes
"""The UUID that distinguishes our messages from those of other programs."""
MARK_LAYOUT: Final = struct.Struct(">16si32s")

NAL_TYPE_SEI: Final = 6
PAYLOAD_USER_DATA_UNREGISTERED: Final = 5

_NAL_TYPE_MASK: Final = 0x1F
_MORE_FOLLOWS: Final = 0xFF
_START_CODE: Final = b"\x00\x00\x01"
_ESCAPED: Final = b"\x00\x00\x03"
_AVCC_VERSION: Final = 1
_LENGTH_SIZE_BYTE: Final = 4


@dataclass(frozen=True, slots=True)
class FrameMark:
    """The mark of a key frame: the frame and the game that it shows.

    Attributes:
        slp_frame: Slippi's index of the frame that it shows.
        game_id: sha256 of the .slp file's bytes, 64 hexadecimal digits.

    Raises:
        ValueError: slp_frame does not fit into 32 bits, or game_id is not a sha256.
    """

    slp_frame: int
    game_id: str

    def __post_init__(self) -> None:
        if not -(1 << 31) <= self.slp_frame < 1 << 31:
            message = f"slp_frame {self.slp_frame} does not fit into 32 bits"
            raise ValueError(message)
        if len(self.game_id) != 64 or not set(self.game_id) <= set("0123456789abcdef"):  # noqa: PLR2004
            message = f"a game id is 64 hexadecimal digits in lower case, got {self.game_id!r}"
            raise ValueError(message)


def find_mark(packet: bytes, avcc: bytes) -> FrameMark | None:
    """Return the mark in one packet of a video, or None if it has none.

    Args:
        packet: one access unit, or its beginning; units that are cut short are ignored.
        avcc: the video's decoder configuration record, which says how the packet is divided; empty or other
            bytes mean start codes (as in raw .h264 and MPEG-TS).
    """
    has_lengths = len(avcc) > _LENGTH_SIZE_BYTE and avcc[0] == _AVCC_VERSION
    units = _by_length(packet, (avcc[_LENGTH_SIZE_BYTE] & 3) + 1) if has_lengths else _by_start_code(packet)
    for unit in units:
        if unit and unit[0] & _NAL_TYPE_MASK == NAL_TYPE_SEI:
            for kind, payload in _messages(unit[1:].replace(_ESCAPED, b"\x00\x00")):
                if kind == PAYLOAD_USER_DATA_UNREGISTERED and payload[:16] == MARK_UUID:
                    return _unpack(payload)
    return None


def _unpack(payload: bytes) -> FrameMark | None:
    if len(payload) != MARK_LAYOUT.size:
        return None
    _, slp_frame, game_id = MARK_LAYOUT.unpack(payload)
    return FrameMark(slp_frame, game_id.hex())


def _by_length(packet: bytes, length_size: int) -> Iterator[bytes]:
    """Yield units that are preceded by their length."""
    place = 0
    while place + length_size < len(packet):
        start = place + length_size
        place = start + int.from_bytes(packet[place:start], "big")
        if place <= len(packet):
            yield packet[start:place]


def _by_start_code(packet: bytes) -> Iterator[bytes]:
    """Yield the units that are preceded by 00 00 01; zeros before a start code belong to no unit."""
    place = packet.find(_START_CODE)
    while place >= 0:
        start = place + len(_START_CODE)
        place = packet.find(_START_CODE, start)
        yield (packet[start:] if place < 0 else packet[start:place]).rstrip(b"\x00")


def _messages(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the complete messages of an SEI unit without header and escapes, as (payload type, payload)."""
    place = 0
    while place + 2 < len(body):
        numbers = []  # type and size, each a sum of bytes that ends with the first byte below 255
        for _ in range(2):
            number = 0
            while place < len(body) and body[place] == _MORE_FOLLOWS:
                number, place = number + _MORE_FOLLOWS, place + 1
            number += body[place] if place < len(body) else 0
            numbers.append(number)
            place += 1
        kind, size = numbers
        if place + size > len(body):
            return
        yield kind, body[place : place + size]
        place += size
