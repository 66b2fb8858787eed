"""Shrink pictures to small grey thumbnails. This module is the door to OpenCV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

THUMBNAIL_WIDTH: Final = 80
THUMBNAIL_HEIGHT: Final = 56
"""Rows of the thumbnail; they cover the picture's upper 28/30, so they contain nothing of a stamp."""

cv2.setNumThreads(1)  # pictures are small and games run side by side, so threads would only compete

_KEPT_HEIGHT: Final = 28 / 30


def thumbnail(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Shrink one picture, uint8 [H, W] of any size, to uint8 [56, 80], by averaging pixels.

    The bottom fifteenth of the picture is left out: a stamp, if there is one, lies within it, and motion must
    not see it.
    """
    small = luma[: round(luma.shape[0] * _KEPT_HEIGHT)]
    while small.shape[1] >= 2 * THUMBNAIL_WIDTH and not (small.shape[0] % 2 or small.shape[1] % 2):
        # Halving repeatedly takes half the time of one step: OpenCV has a fast path for exactly this.
        small = _shrunk(small, small.shape[1] // 2, small.shape[0] // 2)
    if small.shape != (THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH):
        small = _shrunk(small, THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT)
    return small


def _shrunk(luma: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
