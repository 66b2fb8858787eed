"""Find the camera under which the motion seen around the fighters agrees best with their steps."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align.motion.camera import Camera, project
from workers.align.motion.tracks import Mover

if TYPE_CHECKING:
    import numpy.typing as npt

    from workers.align.motion.foreground import Foreground
    from workers.align.motion.tracks import Tracks

    Floats = npt.NDArray[np.float32]

_FIRST_STEP: Final = np.array([0.2, 30.0, 6.0, 8.0, 0.1, 0.4, 30.0, 30.0, 30.0, 4.0])
_LEAST: Final = np.array([0.1, 5.0, 1.0, 1.0, 0.1, 0.3, 60.0, 30.0, 0.0, 0.0])
_MOST: Final = np.array([3.0, 400.0, 60.0, 80.0, 0.9, 3.0, 250.0, 250.0, 150.0, 30.0])
_REFINEMENTS: Final = 4
_LEAST_GAIN: Final = 1e-4
_LEAST_GAIN_FRAMES: Final = 15.0  # the same, times frames: over few frames a small gain is noise
_REACH_CELLS: Final = 1.3  # wider than the reach of the evidence, so that a nearly right camera is noticed
_NUM_FRAMES: Final = 1500
_FAST_STEP: Final = 5.0  # units per frame: faster is not more telling
_TINY: Final = 1e-6


def fit_camera(foreground: Foreground, tracks: Tracks, lag: int, usual: Camera | None = None) -> Camera:
    """Return the best camera, by coordinate descent, if picture k shows row k + lag of the tracks.

    The search begins at the usual camera, and leaves it only for a gain above the noise of that many frames.
    It uses only the frames in which the fighters move most.
    """
    start = usual or Camera()
    tracks = tracks.of_kind(Mover.FIGHTER)
    rows = np.arange(max(lag, 0), min(tracks.num_frames, foreground.num_pictures + lag), dtype=np.intp)
    if not rows.size:  # a stretch shorter than the lag
        return start
    motion = np.hypot(tracks.step_x, tracks.step_y)[:, rows].clip(max=_FAST_STEP).sum(axis=0)
    # Frames in which nobody moves say nothing about the camera, and cost as much time.
    rows = np.sort(rows[np.argsort(-motion, kind="stable")[:_NUM_FRAMES]])
    foreground = foreground.chosen(rows - lag)

    def score(values: npt.NDArray[np.float64]) -> float:
        return _agreement(foreground, tracks, Camera(*values.tolist()), rows)

    best = np.array(astuple(start))
    best_score, step = score(best), _FIRST_STEP
    least_gain = max(_LEAST_GAIN, _LEAST_GAIN_FRAMES / rows.size)
    for _ in range(_REFINEMENTS):
        for direction in np.concatenate([np.diag(step), -np.diag(step)]):
            while True:
                trial = np.clip(best + direction, _LEAST, _MOST)
                trial_score = score(trial)
                if trial_score < best_score + least_gain:
                    break
                best, best_score = trial, trial_score
        step = step / 2
    return Camera(*best.tolist())


def _agreement(foreground: Foreground, tracks: Tracks, camera: Camera, rows: npt.NDArray[np.intp]) -> float:
    """Return the mean correlation, -1 to 1, of predicted and seen motion, over entities and directions."""
    view = project(tracks, camera)
    seen_right, seen_down, _ = foreground.seen_at(view.column[:, rows], view.row[:, rows], _REACH_CELLS)
    right = _correlation(view.step_right[:, rows], seen_right)
    down = _correlation(view.step_down[:, rows], seen_down)
    return float((right.mean() + down.mean()) / 2)


def _correlation(one: Floats, other: Floats) -> Floats:
    """Return the correlation of each row of `one`, [E, T], with the same row of `other`; 0 if constant."""
    one = one - one.mean(axis=1, keepdims=True)
    other = other - other.mean(axis=1, keepdims=True)
    scale = np.sqrt((one * one).sum(axis=1) * (other * other).sum(axis=1))
    correlation: Floats = (one * other).sum(axis=1) / np.maximum(scale, np.float32(_TINY))
    return correlation
