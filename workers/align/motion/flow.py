"""Foreground motion: what moves in the picture once the camera's own motion is taken out.

Between one thumbnail and the next, brightness changes by gradient times shift. The shift of most pixels
(pan in both directions and zoom) is the camera's; it is found by least squares, with pixels that do not
follow it given little weight, and taken out. What remains is gathered per cell of a coarse grid: its
strength, and the shift that explains it best. Flashes drop out with the median; a cut gives one frame of
nonsense, which clipping bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align.motion.thumbnails import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, thumbnail

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

GRID_ROWS: Final = 14
GRID_COLUMNS: Final = 16
_HALF: Final = np.float32(0.5)
_BATCH: Final = 8  # pictures worked on at once: few enough to stay in the cache
_ROUNDS: Final = 3  # of reweighting
MAX_SHIFT: Final = 1.0
"""Thumbnail pixels; larger shifts are beyond what gradients can tell."""
SHIFT_SCALE: Final = 64  # steps of a stored shift per thumbnail pixel: +-127 / 64 is the most a cell may move
_EVERY_THIRD: Final = 3
_ROUNDING: Final = 0.5  # levels of brightness: below it a residual is rounding
_GRADIENT_PRIOR: Final = np.float32(
    100.0
)  # summed squared gradient under which a cell's shift is drawn towards zero
# Camera prior, in the same unit: a picture with no texture at all has no camera motion. Zoom is per pixel
# from the centre, hence the square of a typical distance.
_CAMERA_PRIOR: Final = np.diag(np.array([20.0, 20.0, 20.0 * 400.0], dtype=np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class FlowMaps:
    """Foreground motion of T pictures on a grid; row t is the change from picture t - 1 to picture t.

    Attributes:
        right: int8 [T, 14, 16], shift to the right in 1/64 thumbnail pixels.
        down: int8 [T, 14, 16], shift downwards, likewise.
        strength: uint8 [T, 14, 16], mean absolute brightness change per pixel that the camera does not
            explain, in half levels.
        overall: float32 [T], mean absolute brightness change of the whole picture, camera included.

    Raises:
        ValueError: if the shapes do not belong together.
    """

    right: npt.NDArray[np.int8]
    down: npt.NDArray[np.int8]
    strength: npt.NDArray[np.uint8]
    overall: Floats

    def __post_init__(self) -> None:
        shape = (self.overall.shape[0], GRID_ROWS, GRID_COLUMNS)
        for name in ("right", "down", "strength"):
            if getattr(self, name).shape != shape:
                message = f"flow map {name} has shape {getattr(self, name).shape}, the others {shape}"
                raise ValueError(message)

    @property
    def num_pictures(self) -> int:
        """T."""
        return int(self.overall.shape[0])

    def slice(self, start: int, exclusive_end: int) -> FlowMaps:
        """Return pictures [start, exclusive_end), sharing memory."""
        part = slice(start, exclusive_end)
        return FlowMaps(self.right[part], self.down[part], self.strength[part], self.overall[part])


class FlowMeter:
    """Takes pictures one at a time, in order; keeps about 700 bytes of each."""

    def __init__(self) -> None:
        self._waiting: list[npt.NDArray[np.uint8]] = []
        self._last: npt.NDArray[np.uint8] | None = None
        self._parts: list[FlowMaps] = []

    def add(self, luma: npt.NDArray[np.uint8]) -> None:
        """Measure the next picture, uint8 [H, W]."""
        self._waiting.append(thumbnail(luma))
        if len(self._waiting) == _BATCH:
            self._work()

    def maps(self) -> FlowMaps:
        """Return the maps of all pictures so far."""
        if self._waiting:
            self._work()
        return join(self._parts)

    def _work(self) -> None:
        before = self._waiting[0] if self._last is None else self._last
        thumbnails = np.stack([before, *self._waiting])
        self._last = thumbnails[-1]
        self._waiting = []
        self._parts.append(measure_flow(thumbnails))


def join(parts: Sequence[FlowMaps]) -> FlowMaps:
    """Put maps of consecutive pictures behind each other."""
    if not parts:
        cells = (0, GRID_ROWS, GRID_COLUMNS)
        nothing = np.zeros(cells, np.int8)
        return FlowMaps(nothing, nothing, np.zeros(cells, np.uint8), np.zeros(0, np.float32))
    return FlowMaps(
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.down for part in parts]),
        np.concatenate([part.strength for part in parts]),
        np.concatenate([part.overall for part in parts]),
    )


def measure_flow(thumbnails: npt.NDArray[np.uint8]) -> FlowMaps:
    """Measure foreground motion between consecutive thumbnails.

    Args:
        thumbnails: uint8 [T + 1, 56, 80].

    Returns:
        Maps of T pictures, those of thumbnails 1 to T.

    Raises:
        ValueError: on another shape.
    """
    if thumbnails.shape[1:] != (THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH):
        message = f"thumbnails are [T, {THUMBNAIL_HEIGHT}, {THUMBNAIL_WIDTH}], got {thumbnails.shape}"
        raise ValueError(message)
    levels: Floats = thumbnails.astype(np.float32)
    right, down = _gradients((levels[1:] + levels[:-1]) * _HALF)
    change = (levels[1:] - levels[:-1]).reshape(right.shape[0], -1)
    overall = np.abs(change).mean(axis=1)
    change -= np.median(change[:, ::_EVERY_THIRD], axis=1, keepdims=True)
    rest = _without_camera(right, down, change).reshape(right.shape)
    texture = _cells(right * right + down * down) * _HALF + _GRADIENT_PRIOR
    pixels_per_cell = THUMBNAIL_HEIGHT // GRID_ROWS * (THUMBNAIL_WIDTH // GRID_COLUMNS)
    strength = _cells(np.abs(rest)) * np.float32(2 / pixels_per_cell)
    return FlowMaps(
        right=_to_steps(-_cells(right * rest) / texture),
        down=_to_steps(-_cells(down * rest) / texture),
        strength=np.clip(strength.round(), 0, 255).astype(np.uint8),
        overall=overall,
    )


def _gradients(levels: Floats) -> tuple[Floats, Floats]:
    right, down = np.zeros_like(levels), np.zeros_like(levels)
    right[:, :, 1:-1] = (levels[:, :, 2:] - levels[:, :, :-2]) * _HALF
    down[:, 1:-1] = (levels[:, 2:] - levels[:, :-2]) * _HALF
    return right, down


def _without_camera(right: Floats, down: Floats, change: Floats) -> Floats:
    """Fit pan and zoom to [T, pixels] of change and return what they leave, iteratively reweighted."""
    num, height, width = right.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    outward = right * (xs - width / 2) + down * (ys - height / 2)
    effects = np.stack([right, down, outward], axis=1).reshape(num, 3, -1)
    rest = change
    for _ in range(_ROUNDS):
        scale = np.abs(rest).mean(axis=1, keepdims=True) + _ROUNDING
        weighted = effects * (1 / (1 + np.square(rest / scale)))[:, None]
        normal = weighted @ effects.transpose(0, 2, 1) + _CAMERA_PRIOR
        motion = np.linalg.solve(normal, -(weighted @ change[:, :, None]))
        rest = change + (motion.transpose(0, 2, 1) @ effects)[:, 0]
    return rest


def _cells(values: Floats) -> Floats:
    """Sum [T, 56, 80] over the cells of the grid: [T, 14, 16]."""
    num, height, width = values.shape
    split = values.reshape(num, GRID_ROWS, height // GRID_ROWS, GRID_COLUMNS, width // GRID_COLUMNS)
    summed: Floats = split.sum(axis=(2, 4))
    return summed


def _to_steps(pixels: Floats) -> npt.NDArray[np.int8]:
    return np.clip((pixels * SHIFT_SCALE).round(), -127, 127).astype(np.int8)
