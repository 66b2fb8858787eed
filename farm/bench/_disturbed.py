"""What copies of a picture suffer: darker, brighter, smaller, partly covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Luma = npt.NDArray[np.uint8]

DISTURBANCES: Final = ("darker", "brighter", "half size", "overlay")
_GAIN: Final = {"darker": 0.8, "brighter": 1.2}
_COVERED: Final = 0.3  # of the picture's area
_TEXTURE_PIXELS: Final = 12  # size of the overlay's blotches
_SPEED: Final = (5.0, 3.0)  # pixels per frame, right and down; it bounces off the edges


class Disturbed:
    """One disturbance, called with one picture after the other, uint8 [H, W] each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._place = np.array([10.0, 10.0])
        self._speed = np.array(_SPEED)

    def __call__(self, luma: Luma) -> Luma:
        """Return the next picture as it looks then."""
        if self._name in _GAIN:
            levels: Luma = np.clip(luma * np.float32(_GAIN[self._name]), 0, 255).astype(np.uint8)
            return levels
        if self._name == "half size":
            height, width = luma.shape
            halved: Luma = luma.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)).astype(np.uint8)
            return halved
        return self._covered(luma)

    def _covered(self, luma: Luma) -> Luma:
        height, width = (int(side * _COVERED**0.5) for side in luma.shape)
        room = np.array([luma.shape[1] - width, luma.shape[0] - height])
        self._place += self._speed
        outside = (self._place < 0) | (self._place > room)
        self._speed = np.where(outside, -self._speed, self._speed)
        self._place = np.clip(self._place, 0, room)
        left, top = self._place.astype(int)
        blotches = np.random.default_rng(1).integers(
            16, 236, (height // _TEXTURE_PIXELS + 1, width // _TEXTURE_PIXELS + 1), dtype=np.uint8
        )
        texture = np.repeat(np.repeat(blotches, _TEXTURE_PIXELS, axis=0), _TEXTURE_PIXELS, axis=1)
        covered = luma.copy()
        covered[top : top + height, left : left + width] = texture[:height, :width]
        return covered
