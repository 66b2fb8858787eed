"""Makes disturbed copies of pictures for the alignment bench: darker, brighter, smaller, partly covered."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Luma = npt.NDArray[np.uint8]

DISTURBANCES: Final = ("darker", "brighter", "half size", "overlay")
_GAIN: Final = {"darker": 0.8, "brighter": 1.2}
# Share of the picture's area and, since the overlay wraps around, of every pixel's time.
_COVERED: Final = 0.3
_TEXTURE_PIXELS: Final = 12  # size of the overlay's blotches
_SPEED: Final = (5, 3)  # pixels per frame, right and down


class Disturbed:
    """One kind of disturbance; call it with one picture after another, uint8 [H, W] each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._num_pictures = 0

    def __call__(self, luma: Luma) -> Luma:
        """Return the next picture with the disturbance."""
        self._num_pictures += 1
        if self._name in _GAIN:
            levels: Luma = np.clip(np.arange(256) * _GAIN[self._name], 0, 255).astype(np.uint8)
            seen: Luma = levels[luma]
            return seen
        if self._name == "half size":
            quarters = [luma[row::2, column::2].astype(np.uint16) for row in (0, 1) for column in (0, 1)]
            halved: Luma = (sum(quarters[1:], quarters[0]) // 4).astype(np.uint8)
            return halved
        return self._covered(luma)

    def _covered(self, luma: Luma) -> Luma:
        """Cover a rectangle of the picture's own shape, which moves and wraps around at the edges."""
        texture = _texture(luma.shape[0], luma.shape[1])
        left, top = (self._num_pictures * speed for speed in _SPEED)
        rows = (np.arange(texture.shape[0]) + top) % luma.shape[0]
        columns = (np.arange(texture.shape[1]) + left) % luma.shape[1]
        covered = luma.copy()
        covered[np.ix_(rows, columns)] = texture
        return covered


@cache
def _texture(picture_height: int, picture_width: int) -> Luma:
    height, width = (int(side * _COVERED**0.5) for side in (picture_height, picture_width))
    num_rows, num_columns = height // _TEXTURE_PIXELS + 1, width // _TEXTURE_PIXELS + 1
    blotches = np.random.default_rng(1).integers(16, 236, (num_rows, num_columns), dtype=np.uint8)
    texture = np.repeat(np.repeat(blotches, _TEXTURE_PIXELS, axis=0), _TEXTURE_PIXELS, axis=1)
    return texture[:height, :width]
