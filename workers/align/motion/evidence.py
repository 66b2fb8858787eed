"""The finding: whether the pictures move as the state says, and if not, by how much and from where."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from manifests.stamp import FIRST_SLP_FRAME
from workers.align import thresholds
from workers.align.evidence import Evidence
from workers.align.motion.camera import project
from workers.align.motion.correlation import LagCurve, lag_curve, whiten
from workers.align.motion.fitting import FittedCamera, fit_camera
from workers.align.motion.foreground import Foreground
from workers.align.motion.windows import Windows, judge_windows, usual_gain

if TYPE_CHECKING:
    import numpy.typing as npt

    from workers.align.motion.flow import FlowMaps
    from workers.align.motion.tracks import Tracks

    Floats = npt.NDArray[np.float32]

_USUAL_MARGIN: Final = 60.0  # units; only the relative size of steps near and far matters here
_LEAST_WINDOW_GAIN: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class MotionFinding:
    """Everything motion has to say about a stretch, for the verdict and for a plot.

    Attributes:
        evidence: what goes to the verdict.
        curve: correlation over lags.
        windows: where in the stretch it holds.
        camera: the camera it was seen under.
        gain: slope of measured on predicted motion at the best lag.
    """

    evidence: Evidence
    curve: LagCurve
    windows: Windows
    camera: FittedCamera
    gain: float


@dataclass(frozen=True, slots=True, eq=False)
class _Comparison:
    """Whitened prediction and measurement, [C, T] and [C, K], under one camera."""

    camera: FittedCamera
    predicted: Floats
    measured: Floats
    curve: LagCurve


def find_motion(
    maps: FlowMaps,
    tracks: Tracks,
    *,
    start: int = 0,
    usual_correlation: float | None = None,
    name: Literal["motion", "encoded_motion"] = "motion",
    limits: thresholds.MotionThresholds = thresholds.MOTION,
) -> MotionFinding:
    """Compare the flow of K pictures with the tracks of T frames; picture 0 should show row 0 of the tracks.

    Args:
        maps: foreground motion of the pictures.
        tracks: where the state says the fighters were.
        start: frame_index, within the game, of row 0.
        usual_correlation: what this emulator's clean games reach at least. With it, a stretch in which much
            should move and nothing matches at any lag is a disagreement; without it, motion abstains there.
        name: whether the pictures are the raw ones or come from the encoded file.
        limits: when motion can tell.
    """
    foreground = Foreground.of(maps)
    overall = _compare_overall(foreground, tracks, limits)
    first = overall.best_lag
    found = _compare(maps, foreground, tracks, first, limits)
    if first and (overall.margin < limits.min_margin or found.curve.best_lag != first):
        others = (_compare(maps, foreground, tracks, lag, limits) for lag in {0, found.curve.best_lag})
        found = max([found, *others], key=lambda each: each.camera.agreement)
    return _conclude(found, start, usual_correlation, name, limits)


def _compare_overall(foreground: Foreground, tracks: Tracks, limits: thresholds.MotionThresholds) -> LagCurve:
    """Without a camera: the steps of all fighters against the motion of all that moves."""
    extent = np.ptp(tracks.x, axis=0) + np.float32(_USUAL_MARGIN)
    steps = np.stack([(tracks.step_x / extent).sum(axis=0), (-tracks.step_y / extent).sum(axis=0)])
    shifts = np.stack(foreground.shifts_overall())
    return lag_curve(whiten(steps, limits), whiten(shifts, limits), limits)


def _compare(
    maps: FlowMaps,
    foreground: Foreground,
    tracks: Tracks,
    lag: int,
    limits: thresholds.MotionThresholds,
) -> _Comparison:
    """With the camera that fits best if picture k shows row k + lag."""
    camera = fit_camera(maps, tracks, lag)
    view = project(tracks, camera.camera)
    rows = np.clip(np.arange(maps.num_pictures) + lag, 0, tracks.num_frames - 1)
    right, down, stir = foreground.seen_at(view.column[:, rows], view.row[:, rows])
    predicted = whiten(np.concatenate([view.step_right, view.step_down, tracks.stir]), limits)
    predicted = predicted * np.tile(view.is_in_picture & tracks.is_shown, (3, 1))
    measured = whiten(np.concatenate([right, down, stir]), limits)
    return _Comparison(camera, predicted, measured, lag_curve(predicted, measured, limits))


def _conclude(
    found: _Comparison,
    start: int,
    usual_correlation: float | None,
    name: Literal["motion", "encoded_motion"],
    limits: thresholds.MotionThresholds,
) -> MotionFinding:
    curve, lag = found.curve, found.curve.best_lag
    num = min(found.predicted.shape[1] - max(lag, 0), found.measured.shape[1] + min(lag, 0))
    gain = usual_gain(found.predicted[:, max(lag, 0) :][:, :num], found.measured[:, max(-lag, 0) :][:, :num])
    both = min(found.predicted.shape[1], found.measured.shape[1])
    predicted, measured = found.predicted[:, :both], found.measured[:, :both]
    is_sure = curve.margin >= limits.min_margin and gain > _LEAST_WINDOW_GAIN
    windows = judge_windows(predicted, measured, gain if is_sure else usual_correlation or 0.0, limits)
    broken = np.flatnonzero(windows.broken(limits))
    first_wrong = start + int(windows.start[broken[0]]) + FIRST_SLP_FRAME if broken.size else None
    detail = (
        f"correlation {curve.at(lag):.2f} at lag {lag:+d}, next {curve.at(curve.runner_up_lag):.2f} at "
        f"{curve.runner_up_lag:+d}, {windows.start.size} windows"
    )
    if not is_sure and first_wrong is None:
        evidence = Evidence.abstain(name, f"nothing stands out: {detail}", margin=curve.margin)
    else:
        evidence = Evidence(
            name,
            available=True,
            offset_frames=lag if is_sure else 0,
            confidence=math.erf(max(curve.margin, 0.0) / math.sqrt(2)),
            first_disagreement_slp_frame=first_wrong,
            detail=detail,
            margin=curve.margin,
        )
    return MotionFinding(evidence, curve, windows, found.camera, gain)
