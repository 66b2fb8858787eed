"""Compute the stand-in's camera from the state, exactly as its program does (game/camera.c).

The program uses only integers, and so does this module: lengths are in 1/64 unit, and the camera itself
glides in 1/64 of that. Division in C rounds towards zero, unlike Python's floor division.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from manifests.labels.camera import Camera
from manifests.state.schema import FIRST_SLP_FRAME
from manifests.state.stages import BLAST_ZONES
from workers.standin.image.layout import FIGHTER_FLAGS, UNIT
from workers.standin.image.records import frame_records

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.state.table import StateTable

    Ints = NDArray[np.int64]

_SCREEN_WIDTH, _CENTRE_ROW, _SUBPIXELS = 640, 232, 16
_ASPECT_WIDTH, _ASPECT_HEIGHT = 640, 464
_FINE_BITS: Final = 6
_PAN_SHARE, _ZOOM_IN_SHARE, _ZOOM_OUT_SHARE = 10, 24, 9
_NEAREST: Final = 62 * UNIT
_MARGIN_SIDE, _MARGIN_TOP, _MARGIN_BOTTOM = 34 * UNIT, 34 * UNIT, 22 * UNIT
_LEAD: Final = 9 * UNIT
_LAST_DEATH: Final = 10  # actions 0 to 10 are ways to die
_SCALE_BITS: Final = 12
_NOBODY: Final = 32767


class Bounds(NamedTuple):
    """A rectangle of the stage, in 1/64 unit; y points up."""

    left: int
    right: int
    top: int
    bottom: int


class StageLimits(NamedTuple):
    """The limits of a stage that the camera uses.

    Attributes:
        blast: the blast zones.
        camera: the area that may be seen.
    """

    blast: Bounds
    camera: Bounds


def _bounds(left: float, right: float, top: float, bottom: float) -> Bounds:
    return Bounds(*(int(value * UNIT) for value in (left, right, top, bottom)))


_SEEN: Final = {
    2: (-132, 132, 130, -62),
    3: (-165, 165, 118, -66),
    8: (-128, 128, 112, -62),
    28: (-165, 165, 150, -70),
    31: (-160, 160, 136, -62),
    32: (-170, 170, 125, -80),
}
STAGE_LIMITS: Final = {
    stage: StageLimits(_bounds(*BLAST_ZONES[stage]), _bounds(*seen)) for stage, seen in _SEEN.items()
}
"""The limits by external stage id, the same as in game/stage_table.c."""


def standin_camera(state: StateTable) -> Camera:
    """Compute where the stand-in's camera looks in every frame of a whole game.

    Args:
        state: the game from its first frame on, since the camera glides from its last position. If the state
            begins later, the camera is unknown in every frame.

    Raises:
        ValueError: the stand-in has no such stage.
    """
    if state.stage not in STAGE_LIMITS:
        message = f"the stand-in has no stage {state.stage}; it has {sorted(STAGE_LIMITS)}"
        raise ValueError(message)
    limits = STAGE_LIMITS[state.stage]
    eye = _glide(limits.camera, _subjects(limits, frame_records(state)))
    scale = (_SCREEN_WIDTH // 2 * _SUBPIXELS << _SCALE_BITS) // (eye[:, 2] >> _FINE_BITS)
    units = float(UNIT << _FINE_BITS)
    return Camera(
        x=eye[:, 0] / units,
        y=eye[:, 1] / units,
        pixels_per_unit=scale.astype(np.float64) * (UNIT / _SUBPIXELS / (1 << _SCALE_BITS)),
        is_known=np.full(state.num_frames, state.first_slp_frame == FIRST_SLP_FRAME),
        centre_column=_SCREEN_WIDTH / 2,
        centre_row=float(_CENTRE_ROW),
    )


def _subjects(limits: StageLimits, frames: NDArray[Any]) -> Ints:
    """Find the box that must be in the picture, int64 [T, 4]: left, right, top, bottom in 1/64 unit."""
    fighters = frames["fighters"]
    flags = fighters["flags"]
    counts = (
        (flags & FIGHTER_FLAGS["PRESENT"] != 0)
        & (flags & FIGHTER_FLAGS["DEAD"] == 0)
        & (fighters["action"] > _LAST_DEATH)
    )
    blast = limits.blast
    x = np.clip(fighters["x"].astype(np.int64), blast.left, blast.right)
    y = np.clip(fighters["y"].astype(np.int64), blast.bottom, blast.top)
    ahead = fighters["facing"].astype(np.int64) * _LEAD

    def least(values: Ints) -> Ints:
        found: Ints = np.where(counts, values, _NOBODY).min(axis=1)
        return found

    left, bottom = least(x - _MARGIN_SIDE + np.minimum(ahead, 0)), least(y - _MARGIN_BOTTOM)
    right, top = -least(-(x + _MARGIN_SIDE + np.maximum(ahead, 0))), -least(-(y + _MARGIN_TOP))
    box = np.stack([left, right, top, bottom], axis=1)
    return np.where(counts.any(axis=1)[:, None], box, np.array(limits.camera))


def _glide(view: Bounds, boxes: Ints) -> Ints:
    """Let the camera follow the boxes; return int64 [T, 3]: x, y and half of the visible width."""
    widest = min(
        (view.right - view.left) // 2, _part((view.top - view.bottom) // 2 * _ASPECT_WIDTH, _ASPECT_HEIGHT)
    )
    half_width = widest << _FINE_BITS
    eye_x = _part(view.left + view.right, 2) << _FINE_BITS
    eye_y = _part(view.bottom + view.top, 2) << _FINE_BITS
    path = np.empty((len(boxes), 3), np.int64)
    for frame, (left, right, top, bottom) in enumerate(boxes.tolist()):
        by_height = _part(_part(top - bottom, 2) * _ASPECT_WIDTH, _ASPECT_HEIGHT)
        wanted = min(max(_part(right - left, 2), by_height, _NEAREST), widest) << _FINE_BITS
        half_width += _part(wanted - half_width, _ZOOM_IN_SHARE if wanted < half_width else _ZOOM_OUT_SHARE)
        half = half_width >> _FINE_BITS
        half_height = _part(half * _ASPECT_HEIGHT, _ASPECT_WIDTH)
        x = _confined(_part(left + right, 2), half, view.left, view.right)
        y = _confined(_part(bottom + top, 2), half_height, view.bottom, view.top)
        eye_x += _part((x << _FINE_BITS) - eye_x, _PAN_SHARE)
        eye_y += _part((y << _FINE_BITS) - eye_y, _PAN_SHARE)
        path[frame] = eye_x, eye_y, half_width
    return path


def _part(value: int, share: int) -> int:
    """Divide like C, rounding towards zero."""
    return value // share if value >= 0 else -(-value // share)


def _confined(centre: int, half: int, low: int, high: int) -> int:
    """Keep [centre - half, centre + half] within [low, high]; centre it where it does not fit."""
    if high - low < 2 * half:
        return _part(low + high, 2)
    return min(max(centre, low + half), high - half)
