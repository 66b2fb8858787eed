"""The finding: whether the pictures move as the state says, and if not, by how much and from where."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

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

    from workers.align.motion.maps import FlowMaps
    from workers.align.motion.tracks import Tracks

    Floats = npt.NDArray[np.float32]

_USUAL_MARGIN: Final = 60.0  # units; only the relative size of steps near and far matters here


@dataclass(frozen=True, slots=True, eq=False)
class MotionComparison:
    """Predicted and measured motion of one stretch, side by side, under the camera that fits best.

    Attributes:
        camera: that camera.
        predicted: float32 [C, T], whitened, a column per frame.
        measured: float32 [C, K], whitened, a column per picture; picture 0 should show frame 0.
        curve: how well they fit at each lag, over the whole stretch.
        windows: where in the stretch they fit at lag 0.
    """

    camera: FittedCamera
    predicted: Floats
    measured: Floats
    curve: LagCurve
    windows: Windows


class _Comparison(NamedTuple):
    """A MotionComparison whose windows are not judged yet."""

    camera: FittedCamera
    predicted: Floats
    measured: Floats
    curve: LagCurve


@dataclass(frozen=True, slots=True, eq=False)
class MotionFinding:
    """Everything motion has to say about a stretch, for the verdict and for a plot.

    Attributes:
        evidence: what goes to the verdict.
        curve: correlation over lags, of the judged part.
        windows: those that begin in the judged part, by index within the whole stretch.
    """

    evidence: Evidence
    curve: LagCurve
    windows: Windows


def compare_motion(
    maps: FlowMaps,
    tracks: Tracks,
    *,
    usual_correlation: float | None = None,
    limits: thresholds.MotionThresholds = thresholds.MOTION,
) -> MotionComparison:
    """Find the camera, and put prediction and measurement side by side.

    Args:
        maps: foreground motion of K pictures; picture 0 should show row 0 of the tracks.
        tracks: where the state says the fighters were, T frames.
        usual_correlation: what this emulator's clean games reach at least. With it, a stretch in which much
            should move and nothing matches at any lag is broken; without it, such a stretch is not judged.
        limits: how the two are whitened, which lags are compared, how windows are judged.
    """
    foreground = Foreground.of(maps)
    overall = _compare_overall(foreground, tracks, limits)
    lag = overall.best_lag
    found = _compare(maps, foreground, tracks, lag, limits)
    if lag and (overall.margin < limits.min_margin or found.curve.best_lag != lag):
        others = {0, found.curve.best_lag} - {lag}
        again = (_compare(maps, foreground, tracks, other, limits) for other in sorted(others))
        found = max([found, *again], key=lambda each: each.camera.agreement)
    camera, predicted, measured, curve = found
    is_sure = curve.margin >= limits.min_margin
    least = usual_correlation or 0.0  # a fit to a stream that is mostly another game asks for too little
    gain = max(_gain_at(curve.best_lag, predicted, measured), least) if is_sure else least
    both = min(predicted.shape[1], measured.shape[1])
    windows = judge_windows(predicted[:, :both], measured[:, :both], gain, limits)
    return MotionComparison(camera, predicted, measured, curve, windows)


def find_motion(
    comparison: MotionComparison,
    start: int,
    exclusive_end: int,
    *,
    first_frame_index: int = 0,
    name: Literal["motion", "encoded_motion"] = "motion",
    limits: thresholds.MotionThresholds = thresholds.MOTION,
) -> MotionFinding:
    """Judge pictures [start, exclusive_end) of a comparison.

    Args:
        comparison: of the whole stretch.
        start: first picture to judge, within the stretch.
        exclusive_end: one past the last.
        first_frame_index: frame_index, within the game, of the stretch's frame 0.
        name: whether the pictures are the raw ones or come from the encoded file.
        limits: when motion can tell.
    """
    predicted = comparison.predicted[:, start:exclusive_end]
    measured = comparison.measured[:, start:exclusive_end]
    curve = lag_curve(predicted, measured, limits)
    lag, is_sure = curve.best_lag, curve.margin >= limits.min_margin
    windows = comparison.windows.beginning_in(start, exclusive_end)
    broken = np.flatnonzero(windows.broken(limits))
    detail = (
        f"correlation {curve.at(lag):.2f} at lag {lag:+d}, next {curve.at(curve.runner_up_lag):.2f} at "
        f"{curve.runner_up_lag:+d}; {broken.size} of {windows.start.size} windows broken"
    )
    if not is_sure and not broken.size:
        evidence = Evidence.abstain(name, f"nothing stands out: {detail}", margin=curve.margin)
        return MotionFinding(evidence, curve, windows)
    first = first_frame_index + int(windows.start[broken[0]]) if broken.size else None
    evidence = Evidence(
        name,
        available=True,
        offset_frames=lag if is_sure else 0,
        confidence=math.erf(curve.margin / math.sqrt(2)),
        first_disagreement_slp_frame=None if first is None else first + FIRST_SLP_FRAME,
        detail=detail,
        margin=curve.margin,
    )
    return MotionFinding(evidence, curve, windows)


def _compare_overall(foreground: Foreground, tracks: Tracks, limits: thresholds.MotionThresholds) -> LagCurve:
    """Without a camera: the steps of all fighters against the motion of all that moves."""
    extent = np.ptp(tracks.x, axis=0) + np.float32(_USUAL_MARGIN)
    steps = np.stack([(tracks.step_x / extent).sum(axis=0), (-tracks.step_y / extent).sum(axis=0)])
    predicted = whiten(np.concatenate([steps, tracks.stir.sum(axis=0, keepdims=True)]), limits)
    return lag_curve(predicted, whiten(np.stack(foreground.seen_overall()), limits), limits)


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
    seen = foreground.seen_at(view.column[:, rows], view.row[:, rows])
    expected = np.concatenate([view.step_right, view.step_down, tracks.stir])
    is_seen = np.tile(view.is_in_picture & tracks.is_shown, (len(seen), 1))
    predicted = (whiten(expected, limits) * is_seen).astype(np.float32)
    measured = whiten(np.concatenate(seen), limits)
    return _Comparison(camera, predicted, measured, lag_curve(predicted, measured, limits))


def _gain_at(lag: int, predicted: Floats, measured: Floats) -> float:
    predicted, measured = predicted[:, max(lag, 0) :], measured[:, max(-lag, 0) :]
    num = min(predicted.shape[1], measured.shape[1])
    return usual_gain(predicted[:, :num], measured[:, :num])
