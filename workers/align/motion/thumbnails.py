"""The door to OpenCV: pictures become small grey thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

THUMBNAIL_WIDTH: Final = 80
THUMBNAIL_HEIGHT: Final = 56
"""Rows of the thumbnail; they cover the picture's upper 28/30, so nothing of a stamp is in them."""
_KEPT_HEIGHT: Final = 28 / 30


def thumbnail(luma: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Shrink one picture, uint8 [H, W] of any size, to uint8 [56, 80]: means of the pixels covered.

    The bottom fifteenth of the picture is left out: a stamp, where there is one, lies within it, and
    motion must not see it.
    """
    kept = luma[: round(luma.shape[0] * _KEPT_HEIGHT)]
    small = cv2.resize(kept, (THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)
