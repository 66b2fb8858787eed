"""The frame stamp: the slp_frame number painted into the bottom rows of the stand-in's pictures.

At 640x480 the bottom 16 rows are 32 cells of 20 pixels: 24 bits of `slp_frame + 123`, then an 8-bit CRC
(polynomial 0x07, initial 0) over those three bytes, most significant first; white is 1, black is 0. The
reader scales with the picture's width, so the stamp can be read from a half-size copy too, and takes the
centre of each cell, which survives coarse quantisation. What it cannot know: a picture that is black all over
reads as slp_frame -123 (24 zero bits have CRC 0), so a caller must not take that one value alone as proof.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

FIRST_SLP_FRAME: Final = -123
"""The stamp carries slp_frame - FIRST_SLP_FRAME, so that it is never negative."""
PICTURE_WIDTH: Final = 640
PICTURE_HEIGHT: Final = 480
STAMP_ROWS: Final = 16
CELL_PIXELS: Final = 20
NUM_CELLS: Final = 32
NUM_VALUE_BITS: Final = 24
CRC_POLYNOMIAL: Final = 0x07

BLACK_LUMA: Final = 16
WHITE_LUMA: Final = 235
MIN_CONTRAST: Final = 64
"""Least difference between the brightest and the darkest cell for which bits are told apart."""
MAX_DARK_LUMA: Final = 56
"""With less contrast than that, cells all at or below this level are 32 zero bits; else unreadable."""
AMBIGUOUS_SHARE: Final = 0.2
"""A cell nearer to the middle than this share of the contrast is neither black nor white: unreadable."""

_PICTURES_NDIM: Final = 3
_BIT_WEIGHTS: Final = (1 << np.arange(7, -1, -1)).astype(np.uint8)


def _crc_table() -> npt.NDArray[np.uint8]:
    table = np.arange(256, dtype=np.int64)
    for _ in range(8):
        table = np.where(table & 0x80, (table << 1) ^ CRC_POLYNOMIAL, table << 1) & 0xFF
    return table.astype(np.uint8)


_CRC_TABLE: Final = _crc_table()


def stamp_rectangle(width: int = PICTURE_WIDTH, height: int = PICTURE_HEIGHT) -> tuple[int, int, int, int]:
    """Return (left, top, width, height) of the stamp in pixels of a picture of this size."""
    rows = STAMP_ROWS * width // PICTURE_WIDTH
    return 0, height - rows, width, rows


def encode_stamp(slp_frame: int) -> npt.NDArray[np.uint8]:
    """Return the stamp of one frame as uint8 [32] of 0 and 1, in the order of the cells from the left.

    Raises:
        ValueError: slp_frame is below -123 or does not fit into 24 bits.
    """
    value = slp_frame - FIRST_SLP_FRAME
    if not 0 <= value < 1 << NUM_VALUE_BITS:
        limit = (1 << NUM_VALUE_BITS) + FIRST_SLP_FRAME
        message = (
            f"slp_frame {slp_frame} has no stamp: only {FIRST_SLP_FRAME} to {limit - 1} fit into 24 bits"
        )
        raise ValueError(message)
    payload = np.array([value >> 16, (value >> 8) & 0xFF, value & 0xFF], dtype=np.uint8)
    return np.unpackbits(np.append(payload, _crc(payload[None])))


def paint_stamp(luma: npt.NDArray[np.uint8], slp_frame: int) -> None:
    """Paint the stamp of `slp_frame` into the bottom rows of `luma`, uint8 [H, W], in place."""
    _, top, width, _ = stamp_rectangle(luma.shape[1], luma.shape[0])
    bits = np.repeat(encode_stamp(slp_frame), width // NUM_CELLS)
    luma[top:, : bits.size] = np.where(bits, WHITE_LUMA, BLACK_LUMA)


def read_stamps(luma: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Read the stamps of many pictures at once.

    Args:
        luma: uint8 [T, H, W], limited or full range, whole pictures or just their stamp rows; W a multiple
            of 160.

    Returns:
        slp_frame: int32 [T]; meaningless where not valid.
        valid: bool [T]; True where every cell is plainly black or white and the CRC agrees. One random row in
            256 passes the CRC by chance, and an all black one reads as -123.

    Raises:
        ValueError: the array is not [T, H, W], W is no multiple of 160, or H is less than the stamp's rows.
    """
    return decode_levels(cell_levels(luma))


def decode_levels(levels: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Read stamps from the levels of their cells, float32 [T, 32], as `cell_levels` gives them.

    For those who keep 32 numbers per picture and decode a whole game at once. Returns as `read_stamps` does.
    """
    bits, clear = _bits(levels)
    octets = (bits.reshape(-1, 4, 8) * _BIT_WEIGHTS).sum(axis=2, dtype=np.uint8)
    value = octets[:, 0].astype(np.int32) << 16 | octets[:, 1].astype(np.int32) << 8 | octets[:, 2]
    valid = clear & (_crc(octets[:, :3]) == octets[:, 3])
    return value + np.int32(FIRST_SLP_FRAME), valid


def read_stamp(luma: npt.NDArray[np.uint8]) -> int | None:
    """Read the stamp of one picture, uint8 [H, W]; None if there is no readable one."""
    slp_frame, valid = read_stamps(luma[None])
    return int(slp_frame[0]) if valid[0] else None


def _crc(octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """CRC-8 of each row of uint8 [T, 3]."""
    crc = np.zeros(octets.shape[0], dtype=np.uint8)
    for column in range(octets.shape[1]):
        crc = _CRC_TABLE[crc ^ octets[:, column]]
    return crc


def cell_levels(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the mean level of the inner half of each stamp cell of luma [T, H, W]: float32 [T, 32].

    Raises:
        ValueError: as `read_stamps`.
    """
    if luma.ndim != _PICTURES_NDIM or luma.shape[2] == 0 or luma.shape[2] % 160:
        message = f"stamps are read from luma [T, H, W] with W a multiple of 160, got shape {luma.shape}"
        raise ValueError(message)
    width = luma.shape[2]
    cell, rows = width // NUM_CELLS, STAMP_ROWS * width // PICTURE_WIDTH
    if luma.shape[1] < rows:
        message = f"the stamp of a picture {width} wide has {rows} rows, got only {luma.shape[1]}"
        raise ValueError(message)
    top = luma.shape[1] - rows
    inner = luma[:, top + rows // 4 : top + rows - rows // 4]
    columns = inner.sum(axis=1, dtype=np.uint32).reshape(-1, NUM_CELLS, cell)
    cells = columns[:, :, cell // 4 : cell - cell // 4]
    sums: npt.NDArray[np.float32] = cells.sum(axis=2).astype(np.float32)
    return sums / np.float32(inner.shape[1] * cells.shape[2])


def _bits(levels: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Tell black from white: bits uint8 [T, 32], and bool [T], True where no cell is in between."""
    brightest, darkest = levels.max(axis=1, keepdims=True), levels.min(axis=1, keepdims=True)
    contrast = brightest - darkest
    from_middle = levels - (brightest + darkest) / 2
    told_apart = (np.abs(from_middle) >= AMBIGUOUS_SHARE * contrast).all(axis=1) & (
        contrast[:, 0] >= MIN_CONTRAST
    )
    all_dark = brightest[:, 0] <= MAX_DARK_LUMA
    bits = (from_middle > 0) & told_apart[:, None]
    return bits.astype(np.uint8), told_apart | all_dark
