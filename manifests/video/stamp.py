"""Read the frame stamp in a picture's bottom rows: which slp_frame, of which state, the picture shows.

At 640x480 the bottom 16 rows are two strips of 32 cells of 20 x 8 pixels; white is 1, black is 0, most
significant bit first. The upper strip is the number: 24 bits of `slp_frame + 123`, then an 8-bit CRC
(polynomial 0x07, initial 0) over those three bytes. The lower strip is the 32-bit seed of the game's random
numbers when player 0's turn came in the state that was drawn (column p0.pre_seed, which every replay has and
which changes with every frame and from game to game). The seed identifies the state itself, while the number
could belong to any game. The code for Melee paints the number over both strips, and no seed.

The reader scales with the picture's width, so it reads half-size copies, too. It uses the centre of each
cell, which survives coarse quantisation. A single value is no proof: a picture that is black all over reads
as slp_frame -123, because 24 zero bits have the CRC 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from manifests.state.schema import FIRST_SLP_FRAME

if TYPE_CHECKING:
    from manifests.state.table import StateTable

PICTURE_WIDTH: Final = 640
PICTURE_HEIGHT: Final = 480
STAMP_ROWS: Final = 16
CELLS_PER_STRIP: Final = 32
NUM_CELLS: Final = 2 * CELLS_PER_STRIP
SEED_COLUMN: Final = "p0.pre_seed"
"""The state column whose value the lower strip shows; the strip shows 0 if the column is null."""
NUM_VALUE_BITS: Final = 24
CRC_POLYNOMIAL: Final = 0x07

BLACK_LUMA: Final = 16
WHITE_LUMA: Final = 235
MIN_CONTRAST: Final = 64
"""The least difference between the brightest and the darkest cell at which bits can be told apart."""
MAX_DARK_LUMA: Final = 56
"""With less contrast, cells that are all at most this bright count as 32 zero bits; others are unreadable."""
AMBIGUOUS_SHARE: Final = 0.2
"""A cell that is closer to the middle than this share of the contrast is neither black nor white."""

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


def read_stamps(luma: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Read the numbers of many pictures at once.

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
    """Read the numbers from the levels of the cells, float32 [T, 64], as `cell_levels` gives them.

    This is for callers that keep 64 levels per picture and decode a whole game at once. The result is that of
    `read_stamps`.
    """
    number = levels[:, :CELLS_PER_STRIP]
    bits, clear = _bits(number, number)
    octets = _octets(bits)
    # The painted number is slp_frame - FIRST_SLP_FRAME, which is never negative.
    value = octets[:, 0].astype(np.int32) << 16 | octets[:, 1].astype(np.int32) << 8 | octets[:, 2]
    valid = clear & (_crc(octets[:, :3]) == octets[:, 3])
    return value + np.int32(FIRST_SLP_FRAME), valid


def decode_seeds(levels: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    """Read the seeds from the levels of the cells, float32 [T, 64], as `cell_levels` gives them.

    Returns:
        seed: uint32 [T]; meaningless where not clear.
        clear: bool [T]; True where every cell is plainly black or white. There is no CRC: a seed is only ever
            compared with the expected one, never looked up.
    """
    # Black and white are taken from the whole stamp, because a seed may be all ones.
    bits, clear = _bits(levels[:, CELLS_PER_STRIP:], levels)
    return _octets(bits).view(">u4")[:, 0].astype(np.uint32), clear


def seeds_agree(levels: npt.NDArray[np.float32], state: StateTable) -> npt.NDArray[np.bool_]:
    """Return, as bool [T], whether each picture carries the seed of its own row of the state.

    Args:
        levels: float32 [T, 64] of the stamp's cells, as `cell_levels` gives them.
        state: the T rows, or more, that the pictures should show, in order.
    """
    seed, clear = decode_seeds(levels)
    due = np.where(state.valid(SEED_COLUMN), state.values(SEED_COLUMN), np.uint32(0))[: seed.size]
    agree: npt.NDArray[np.bool_] = np.zeros(seed.size, np.bool_)
    agree[: due.size] = clear[: due.size] & (seed[: due.size] == due)
    return agree


def _octets(bits: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Pack bits, uint8 [T, 32], into bytes, uint8 [T, 4]."""
    octets: npt.NDArray[np.uint8] = (bits.reshape(-1, 4, 8) * _BIT_WEIGHTS).sum(axis=2, dtype=np.uint8)
    return octets


def _crc(octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Compute the CRC-8 of each row of uint8 [T, 3]."""
    crc = np.zeros(octets.shape[0], dtype=np.uint8)
    for column in range(octets.shape[1]):
        crc = _CRC_TABLE[crc ^ octets[:, column]]
    return crc


def cell_levels(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the mean level of the inner half of each stamp cell of luma [T, H, W]: float32 [T, 64].

    The number's 32 cells come first, then the seed's.

    Raises:
        ValueError: the array is not [T, H, W], W is no multiple of 160, or H is less than the stamp's rows.
    """
    if luma.ndim != _PICTURES_NDIM or luma.shape[2] == 0 or luma.shape[2] % 160:
        message = f"stamps are read from luma [T, H, W] with W a multiple of 160, got shape {luma.shape}"
        raise ValueError(message)
    width = luma.shape[2]
    cell, rows = width // CELLS_PER_STRIP, STAMP_ROWS * width // PICTURE_WIDTH
    if luma.shape[1] < rows:
        message = f"the stamp of a picture {width} wide has {rows} rows, got only {luma.shape[1]}"
        raise ValueError(message)
    # Only the inner half of each cell counts: encoders and scalers blur its edges.
    strips = luma[:, luma.shape[1] - rows :].reshape(-1, 2, rows // 2, width)
    inner = strips[:, :, rows // 8 : rows // 2 - rows // 8]
    columns = inner.sum(axis=2, dtype=np.uint32).reshape(-1, NUM_CELLS, cell)
    cells = columns[:, :, cell // 4 : cell - cell // 4]
    sums: npt.NDArray[np.float32] = cells.sum(axis=2).astype(np.float32)
    return sums / np.float32(inner.shape[2] * cells.shape[2])


def _bits(
    levels: npt.NDArray[np.float32], among: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Tell black cells from white: bits, uint8 [T, 32], and bool [T], True where no cell is in between.

    The brightest and the darkest cell in `among`, cells of the same picture, define white and black.
    """
    brightest, darkest = among.max(axis=1, keepdims=True), among.min(axis=1, keepdims=True)
    contrast = brightest - darkest
    from_middle = levels - (brightest + darkest) / 2
    told_apart = (np.abs(from_middle) >= AMBIGUOUS_SHARE * contrast).all(axis=1) & (
        contrast[:, 0] >= MIN_CONTRAST
    )
    all_dark = brightest[:, 0] <= MAX_DARK_LUMA
    bits = (from_middle > 0) & told_apart[:, None]
    return bits.astype(np.uint8), told_apart | all_dark
