"""Measures how alike two pictures are: PSNR, and SSIM around each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Luma = NDArray[np.uint8]

_WHITE: Final = 255.0
# The window and the constants of the SSIM as published (Wang and others, 2004).
_WINDOW, _SIGMA = (11, 11), 1.5
_C1, _C2 = (0.01 * _WHITE) ** 2, (0.03 * _WHITE) ** 2


def squared_error(one: Luma, other: Luma) -> float:
    """Return the mean squared difference of two pictures [H, W]."""
    return float(np.mean((one.astype(np.float32) - other.astype(np.float32)) ** 2))


def psnr(mean_squared_error: float) -> float:
    """Return the peak signal-to-noise ratio, dB; infinity where nothing differs."""
    return float("inf") if mean_squared_error == 0 else 10 * float(np.log10(_WHITE**2 / mean_squared_error))


def ssim_map(one: Luma, other: Luma) -> NDArray[np.float32]:
    """Return the structural similarity around each pixel, float32 [H, W]; 1 where nothing differs."""
    x, y = one.astype(np.float32), other.astype(np.float32)
    mean_x, mean_y = _blurred(x), _blurred(y)
    var_x, var_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    both = _blurred(x * y) - mean_x * mean_y
    alike = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    return np.asarray(alike / ((mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2)), np.float32)


def resized(plane: Luma, height: int, width: int) -> Luma:
    """Return a plane [H, W] at another size; each pixel is the mean of those that it covers."""
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _blurred(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, _WINDOW, _SIGMA), np.float32)
