"""Find swapped pictures from the pictures alone: motion usually continues, and does not go back and forth.

If four pictures a b c d are in order, the change from b to c is a part of the change from a to d. If b and c
were swapped, the change between them points against the change from a to d. A tremble from picture to
picture does that, too, but then b and c differ more than a and d, or the next four pictures do it again.
A flash that fades leaves little in d, and is told apart in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align import thresholds

if TYPE_CHECKING:
    import numpy.typing as npt

NUM_BEFORE: Final = 3
"""How many pictures a measurement needs before its own picture."""
ONWARD_SCALE: Final = 127
"""A cosine of 1 is stored as this number."""
_LEAST_RATIO: Final = 1.3  # size of the change from a to d relative to b to c: less is a tremble or a flash
_MOST_RATIO: Final = 5.0  # more comes from a camera that reverses, between two nearly equal pictures
_TINY: Final = 1e-3


def measure_onward(thumbnails: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Compare the direction of the middle of four pictures with that of all four.

    Args:
        thumbnails: uint8 [T + 3, 56, 80].

    Returns:
        int8 [T], for pictures from number 3 on: cosine, in 127ths, of the change from picture t - 3 to t and
        that from t - 2 to t - 1; 0 if it is negative for another reason than that those two were swapped.
    """
    pictures = thumbnails.reshape(thumbnails.shape[0], -1).astype(np.float32)
    whole, middle = pictures[3:] - pictures[:-3], pictures[2:-1] - pictures[1:-2]
    product = np.einsum("ti,ti->t", whole, middle)
    wholes, middles = np.einsum("ti,ti->t", whole, whole), np.einsum("ti,ti->t", middle, middle)
    cosine = product / np.sqrt(wholes * middles + np.float32(_TINY))
    ratio = np.sqrt(wholes / (middles + np.float32(_TINY)))
    is_other = (cosine < 0) & ((ratio < _LEAST_RATIO) | (ratio > _MOST_RATIO))
    onward: npt.NDArray[np.int8] = np.rint(np.where(is_other, 0, cosine) * ONWARD_SCALE).astype(np.int8)
    return onward


def swapped_places(
    onward: npt.NDArray[np.int8], limits: thresholds.MotionThresholds = thresholds.MOTION
) -> npt.NDArray[np.int64]:
    """Return the first of each two swapped pictures: int64 [N], ascending.

    Args:
        onward: int8 [T], row t for picture t, from `measure_onward`.
        limits: how far the middle must point back, and how far the four before and after must point on.
    """
    cosine = onward.astype(np.float32) / ONWARD_SCALE
    goes_on = cosine >= limits.least_onward
    goes_back = cosine[1:-1] <= -limits.least_backward
    return np.flatnonzero(goes_back & goes_on[:-2] & goes_on[2:]) + 1 - 2
