"""Project stage positions onto the screen, with a model of a camera that follows the fighters like a game's.

A replay does not record the camera. The model looks at the middle of the fighters' bounding box from a
distance that grows with the box, both with some delay; ten numbers describe it, and `fitting` finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align.motion.flow_maps import GRID_COLUMNS, GRID_ROWS, MAX_SHIFT
from workers.align.motion.thumbnails import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH
from workers.align.motion.tracks import Mover

if TYPE_CHECKING:
    import numpy.typing as npt

    from workers.align.motion.tracks import Tracks

    Floats = npt.NDArray[np.float32]

_BODY_Y: Final = 7.0  # units: a fighter's position is at its feet, its motion about this much higher
_EDGE: Final = 0.5  # cells
_KERNEL_TIMES: Final = 4  # an exponential's tail is cut after so many time constants


@dataclass(frozen=True, slots=True)
class Camera:
    """The ten numbers that say how stage positions become screen positions.

    Attributes:
        scale: picture widths per unit, times (size of the box + margin).
        margin: units around the fighters' bounding box.
        pan_frames: time constant with which the view follows the middle of the box.
        zoom_frames: time constant with which it follows the size of the box.
        centre_y: where the middle of the box is on the thumbnail, from its top, as a share of its height.
        aspect: weight of a unit of height against a unit of width in the size of the box.
        side: units from the middle of the stage to the left and right bounds of the visible area.
        top: units up to its upper bound.
        bottom: units down to its lower bound.
        lead: units by which the view looks ahead of a fighter, in the direction that it faces.
    """

    scale: float = 0.9
    margin: float = 60.0
    pan_frames: float = 7.0
    zoom_frames: float = 15.0
    centre_y: float = 0.55
    aspect: float = 1.4
    side: float = 170.0
    top: float = 125.0
    bottom: float = 70.0
    lead: float = 9.0


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """The positions of E entities on the thumbnail, and their motion, over T frames.

    Attributes:
        column: float32 [E, T], in cells of the flow grid from the left; may lie outside.
        row: float32 [E, T], in cells from the top.
        step_right: float32 [E, T], the step since the frame before, in thumbnail pixels, camera taken
            out, clipped as the flow is.
        step_down: float32 [E, T], the same downwards.
        is_in_picture: bool [E, T]; an entity that comes or goes outside of the picture is seen at its edge.
    """

    column: Floats
    row: Floats
    step_right: Floats
    step_down: Floats
    is_in_picture: npt.NDArray[np.bool_]


def project(tracks: Tracks, camera: Camera) -> Projection:
    """Place every entity on the screen in every frame."""
    fighters = tracks.of_kind(Mover.FIGHTER)
    ahead = fighters.x + np.float32(camera.lead) * fighters.facing
    middle_x, size_x = _box(ahead, fighters.is_shown, -camera.side, camera.side)
    middle_y, size_y = _box(fighters.y, fighters.is_shown, -camera.bottom, camera.top)
    size = np.maximum(size_x, size_y * np.float32(camera.aspect)) + np.float32(camera.margin)
    # The view never shows what lies beyond the stage's bounds, so near them it stops following.
    width = size / np.float32(camera.scale)
    middle_x = _confined(middle_x, width / 2 - camera.side, camera.side - width / 2)
    height = width * np.float32(THUMBNAIL_HEIGHT / THUMBNAIL_WIDTH)
    above, below = height * np.float32(camera.centre_y), height * np.float32(1 - camera.centre_y)
    middle_y = _confined(middle_y, below - camera.bottom, camera.top - above)
    pixels = np.float32(camera.scale * THUMBNAIL_WIDTH) / _delayed(size, camera.zoom_frames)
    right = (tracks.x - _delayed(middle_x, camera.pan_frames)) * pixels
    body_y = np.array([[_BODY_Y if kind is Mover.FIGHTER else 0.0] for kind in tracks.kinds], np.float32)
    up = (tracks.y + body_y - _delayed(middle_y, camera.pan_frames)) * pixels
    column = (right + np.float32(THUMBNAIL_WIDTH / 2)) * np.float32(GRID_COLUMNS / THUMBNAIL_WIDTH)
    row = (np.float32(camera.centre_y * THUMBNAIL_HEIGHT) - up) * np.float32(GRID_ROWS / THUMBNAIL_HEIGHT)
    at_edge = np.clip(column, _EDGE, GRID_COLUMNS - _EDGE), np.clip(row, _EDGE, GRID_ROWS - _EDGE)
    column, row = (
        np.where(tracks.comes_or_goes, edge, place)
        for edge, place in zip(at_edge, (column, row), strict=True)
    )
    return Projection(
        column=column,
        row=row,
        step_right=np.clip(tracks.step_x * pixels, -MAX_SHIFT, MAX_SHIFT),
        step_down=np.clip(-tracks.step_y * pixels, -MAX_SHIFT, MAX_SHIFT),
        is_in_picture=(column >= 0) & (column <= GRID_COLUMNS) & (row >= 0) & (row <= GRID_ROWS),
    )


def _box(values: Floats, is_shown: npt.NDArray[np.bool_], least: float, most: float) -> tuple[Floats, Floats]:
    """Return middle and size, float32 [T], of the interval of all shown entities; kept if none is shown."""
    far = np.float32(np.inf)
    held = np.clip(values, np.float32(least), np.float32(most))
    low = np.where(is_shown, held, far).min(axis=0)
    high = np.where(is_shown, held, -far).max(axis=0)
    known = np.flatnonzero(np.isfinite(low))
    if not known.size:
        return np.zeros_like(low), np.zeros_like(low)
    latest = known[np.clip(np.searchsorted(known, np.arange(low.size), side="right") - 1, 0, None)]
    return (low[latest] + high[latest]) / 2, high[latest] - low[latest]


def _confined(values: Floats, least: Floats, most: Floats) -> Floats:
    """Clip values to [least, most], float32 [T] each; where least exceeds most, take their middle."""
    middle = (least + most) / 2
    return np.clip(values, np.minimum(least, middle), np.maximum(most, middle))


def _delayed(values: Floats, frames: float) -> Floats:
    """Return the exponential moving average with this time constant in frames, from the first value on."""
    kernel = np.exp(-np.arange(max(int(frames * _KERNEL_TIMES), 1)) / frames)
    padded = np.concatenate([np.full(kernel.size - 1, values[0]), values])
    delayed = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    return delayed.astype(np.float32)
