"""Paints the frame stamp as the games do, with code independent of the stamp reader that it tests."""

from __future__ import annotations

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME
from manifests.video.stamp import BLACK_LUMA, CELLS_PER_STRIP, WHITE_LUMA, read_stamps, stamp_rectangle


def crc8(payload: bytes) -> int:
    """The CRC of polynomial 0x07 that begins with 0, bit by bit."""
    crc = 0
    for byte in payload:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def encode_stamp(slp_frame: int) -> np.ndarray:
    """The strip of slp_frame as uint8 [32] of 0 and 1, from the left."""
    payload = (slp_frame - FIRST_SLP_FRAME).to_bytes(3, "big")
    return np.unpackbits(np.frombuffer(payload + bytes([crc8(payload)]), np.uint8))


def encode_seed(seed: int) -> np.ndarray:
    """The strip of the state's seed as uint8 [32] of 0 and 1, from the left."""
    return np.unpackbits(np.frombuffer(seed.to_bytes(4, "big"), np.uint8))


def paint_stamp(luma: np.ndarray, slp_frame: int, seed: int = 0) -> None:
    """Paint the stamp of a frame and of its state's seed into the bottom of `luma`, uint8 [H, W]."""
    _, top, width, rows = stamp_rectangle(luma.shape[1], luma.shape[0])
    for strip, bits in enumerate((encode_stamp(slp_frame), encode_seed(seed))):
        cells = np.repeat(bits, width // CELLS_PER_STRIP)
        first = top + strip * rows // 2
        luma[first : first + rows // 2, : cells.size] = np.where(cells, WHITE_LUMA, BLACK_LUMA)


def read_stamp(luma: np.ndarray) -> int | None:
    """Read slp_frame from one picture, uint8 [H, W]; None if there is no readable stamp."""
    slp_frame, valid = read_stamps(luma[None])
    return int(slp_frame[0]) if valid[0] else None
