"""Measure foreground motion: the motion in the pictures after the camera's own motion is removed.

Between one thumbnail and the next, brightness changes by gradient times shift. The shift of most pixels
(pan in both directions and zoom) is the camera's; it is found by least squares, in which pixels that do not
follow it get little weight, and removed. The remainder is summed per cell of a coarse grid: its strength, and
the shift that explains it best. The median removes flashes; a cut gives one frame of nonsense, which is
clipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align.motion.flow_maps import GRID_COLUMNS, GRID_ROWS, SHIFT_SCALE, FlowMaps
from workers.align.motion.picture_order import NUM_BEFORE, measure_onward
from workers.align.motion.thumbnails import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_HALF: Final = np.float32(0.5)
_ROUNDS: Final = 3  # rounds of reweighting
_THINNING: Final = np.s_[:, ::2, ::2]  # a quarter of the pixels finds the camera as well as all of them
_ROUNDING: Final = np.float32(0.5)  # levels of brightness: a smaller remainder comes from rounding
_GRADIENT_PRIOR: Final = np.float32(
    100.0
)  # summed squared gradient under which shifts are drawn towards zero
# A picture with no texture at all has no camera motion: summed squared gradient under which the camera's
# motion is drawn towards zero. Zoom is per pixel from the centre, hence the square of a typical distance.
_CAMERA_PRIOR: Final = np.diag(np.array([5.0, 5.0, 5.0 * 400.0], dtype=np.float32))
_NUM_PIXELS: Final = THUMBNAIL_HEIGHT * THUMBNAIL_WIDTH

# Sums over the cells of the grid, as two matrix products.
_ROW_SUMS: Final = np.repeat(np.eye(GRID_ROWS, dtype=np.float32), THUMBNAIL_HEIGHT // GRID_ROWS, axis=1)
_COLUMN_SUMS: Final = np.repeat(
    np.eye(GRID_COLUMNS, dtype=np.float32), THUMBNAIL_WIDTH // GRID_COLUMNS, axis=0
)
_PIXELS_PER_CELL: Final = _NUM_PIXELS // (GRID_ROWS * GRID_COLUMNS)

_FROM_CENTRE_X: Final = (np.arange(THUMBNAIL_WIDTH) - THUMBNAIL_WIDTH / 2).astype(np.float32)
_FROM_CENTRE_Y: Final = (np.arange(THUMBNAIL_HEIGHT) - THUMBNAIL_HEIGHT / 2).astype(np.float32)[:, None]


def measure_flow(thumbnails: npt.NDArray[np.uint8]) -> FlowMaps:
    """Measure foreground motion between consecutive thumbnails.

    Args:
        thumbnails: uint8 [T + 3, 56, 80].

    Returns:
        Maps of T pictures, those of thumbnails from number 3 on.

    Raises:
        ValueError: `thumbnails` has another shape.
    """
    if thumbnails.shape[1:] != (THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH):
        message = f"thumbnails are [T, {THUMBNAIL_HEIGHT}, {THUMBNAIL_WIDTH}], got {thumbnails.shape}"
        raise ValueError(message)
    levels: Floats = thumbnails[NUM_BEFORE - 1 :].astype(np.float32)
    right, down = _gradients((levels[1:] + levels[:-1]) * _HALF)
    change = levels[1:] - levels[:-1]
    few = change[_THINNING].reshape(change.shape[0], -1)
    # The median removes changes that happen everywhere at once, such as a flash or a fade.
    change -= np.median(few, axis=1).astype(np.float32)[:, None, None]
    rest = _without_camera(right, down, change)
    # Least squares per cell: shift = -(gradient x change) / (gradient squared).
    texture = _cells(right * right + down * down) * _HALF + _GRADIENT_PRIOR
    strength = _cells(np.abs(rest)) * np.float32(2 / _PIXELS_PER_CELL)
    return FlowMaps(
        right=_to_steps(-_cells(right * rest) / texture),
        down=_to_steps(-_cells(down * rest) / texture),
        strength=np.clip(strength.round(), 0, 255).astype(np.uint8),
        onward=measure_onward(thumbnails),
    )


def _gradients(levels: Floats) -> tuple[Floats, Floats]:
    right, down = np.zeros_like(levels), np.zeros_like(levels)
    np.subtract(levels[:, :, 2:], levels[:, :, :-2], out=right[:, :, 1:-1])
    np.subtract(levels[:, 2:], levels[:, :-2], out=down[:, 1:-1])
    right *= _HALF
    down *= _HALF
    return right, down


def _without_camera(right: Floats, down: Floats, change: Floats) -> Floats:
    """Fit pan and zoom to changes [T, 56, 80], iteratively reweighted, and return the remainder."""
    num = change.shape[0]
    outward = right * _FROM_CENTRE_X + down * _FROM_CENTRE_Y
    effects = np.stack([each[_THINNING].reshape(num, -1) for each in (right, down, outward)], axis=1)
    seen = change[_THINNING].reshape(num, -1)
    rest = seen
    for _ in range(_ROUNDS):
        scale = np.abs(rest).mean(axis=1, keepdims=True) + _ROUNDING
        # Pixels that do not follow the camera get little weight in the next round (Cauchy weights).
        weighted = effects / (1 + np.square(rest / scale))[:, None]
        normal = weighted @ effects.transpose(0, 2, 1) + _CAMERA_PRIOR
        motion = np.linalg.solve(normal, -(weighted @ seen[:, :, None]))
        rest = seen + (motion.transpose(0, 2, 1) @ effects)[:, 0]
    pan_right, pan_down, zoom = (motion[:, k, :, None] for k in range(3))
    left_over: Floats = change + pan_right * right + pan_down * down + zoom * outward
    return left_over


def _cells(values: Floats) -> Floats:
    """Sum [T, 56, 80] over the cells of the grid: [T, 14, 16]."""
    summed: Floats = _ROW_SUMS @ (values @ _COLUMN_SUMS)
    return summed


def _to_steps(pixels: Floats) -> npt.NDArray[np.int8]:
    return np.clip((pixels * SHIFT_SCALE).round(), -127, 127).astype(np.int8)
