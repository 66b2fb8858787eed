"""Write frame marks into key frames, without changing the coded picture.

`manifests.video.sei` reads the marks.
"""

from __future__ import annotations

from typing import Final

from manifests.video.sei import (
    MARK_LAYOUT,
    MARK_UUID,
    NAL_TYPE_SEI,
    PAYLOAD_USER_DATA_UNREGISTERED,
    FrameMark,
)

_START_CODE: Final = b"\x00\x00\x00\x01"
_STOP_BIT: Final = b"\x80"
_LARGEST_ESCAPED: Final = 3


def sei_nal(mark: FrameMark) -> bytes:
    """Return the mark as one SEI unit, escaped, without start code or length."""
    payload = MARK_LAYOUT.pack(MARK_UUID, mark.slp_frame, bytes.fromhex(mark.game_id))
    message = bytes([PAYLOAD_USER_DATA_UNREGISTERED, len(payload)]) + payload + _STOP_BIT
    return bytes([NAL_TYPE_SEI]) + _escape(message)


def mark_packet(packet: bytes, mark: FrameMark) -> bytes:
    """Put the mark in front of a key frame from the encoder, whose units are preceded by start codes.

    Raises:
        ValueError: the packet does not begin with a start code.
    """
    if not packet.startswith((_START_CODE, _START_CODE[1:])):
        message = f"an encoded packet begins with a start code, got {packet[:4].hex(' ')}"
        raise ValueError(message)
    return _START_CODE + sei_nal(mark) + packet


def _escape(body: bytes) -> bytes:
    """Insert 03 wherever two zeros would be followed by a byte of 3 or less."""
    escaped = bytearray()
    zeros = 0
    for byte in body:
        if zeros == 2 and byte <= _LARGEST_ESCAPED:  # noqa: PLR2004
            escaped.append(_LARGEST_ESCAPED)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(escaped)
