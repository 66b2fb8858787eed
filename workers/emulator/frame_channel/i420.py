"""Convert pictures from RGBA to packed I420, BT.601 limited range, exactly like the preloaded library.

Every picture of Slippi's Dolphin is converted by this arithmetic, whichever way it came out, so both ways
give the same bytes. The library's own function is used if it can be loaded; otherwise numpy, which is much
slower.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from workers.emulator.frame_channel.build import LIBRARY, MACHINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.emulator.contract import Yuv

_Y: Final = np.array([8414, 16519, 3208], np.int64)
_U: Final = np.array([-4857, -9535, 14392], np.int64)
_V: Final = np.array([14392, -12052, -2340], np.int64)
_Y_BITS: Final = 15
_CHROMA_BITS: Final = 17  # the weights are for one pixel, and four pixels are summed


def i420_of(rgba: NDArray[np.uint8]) -> Yuv:
    """Convert full-range RGBA, uint8 [H, W, 4], to packed I420, uint8 [H * 3 / 2, W]; alpha is ignored.

    A chroma value is that of the mean of its four pixels.

    Raises:
        ValueError: H or W is odd, or the array has another shape or dtype.
    """
    is_even = all(side % 2 == 0 for side in rgba.shape[:2])
    if rgba.dtype != np.uint8 or rgba.shape[2:] != (4,) or not is_even:
        message = f"pictures are uint8 [H, W, 4] with even H and W, got {rgba.dtype} {rgba.shape}"
        raise ValueError(message)
    convert = _library_function()
    if convert is None:
        return i420_by_numpy(rgba)
    height, width = rgba.shape[:2]
    pixels = np.ascontiguousarray(rgba)
    yuv: Yuv = np.empty((height * 3 // 2, width), np.uint8)
    convert(pixels.ctypes.data, 4 * width, width, height, 0, yuv.ctypes.data)
    return yuv


def i420_by_numpy(rgba: NDArray[np.uint8]) -> Yuv:
    """Convert like `i420_of`, but without the library; this is the definition of the conversion."""
    height, width = rgba.shape[:2]
    rgb = rgba[..., :3].astype(np.int64)
    fours = rgb.reshape(height // 2, 2, width // 2, 2, 3).sum(axis=(1, 3))
    planes = (
        _scaled(rgb @ _Y, 16, _Y_BITS),
        _scaled(fours @ _U, 128, _CHROMA_BITS),
        _scaled(fours @ _V, 128, _CHROMA_BITS),
    )
    return np.concatenate([plane.reshape(-1) for plane in planes]).astype(np.uint8).reshape(-1, width)


def _scaled(sums: NDArray[np.int64], offset: int, bits: int) -> NDArray[np.int64]:
    """Round to the nearest whole number above an offset."""
    scaled: NDArray[np.int64] = (sums + (offset << bits) + (1 << (bits - 1))) >> bits
    return scaled


@cache
def _library_function() -> Any:
    """Return the library's conversion function; None if the library cannot be loaded."""
    if platform.machine() != MACHINE:
        return None
    try:
        function = ctypes.CDLL(str(LIBRARY)).dolphin_farm_i420
    except (OSError, AttributeError):
        return None
    number, pointer = ctypes.c_int, ctypes.c_void_p
    function.argtypes = [pointer, ctypes.c_ssize_t, number, number, number, pointer]
    function.restype = None
    return function
