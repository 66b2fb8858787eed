"""Decide whether the pictures move as the state says, and if not, by how many frames and from where on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from manifests.ledger.evidence import Evidence
from manifests.state.schema import FIRST_SLP_FRAME
from workers.align import thresholds
from workers.align.motion.camera import Camera, project
from workers.align.motion.correlation import LagCurve, decorrelate, lag_curve, whiten
from workers.align.motion.fitting import fit_camera
from workers.align.motion.foreground import Foreground
from workers.align.motion.judged_stretches import Windows, in_order, judge_ends, judge_windows, usual_gain
from workers.align.motion.picture_order import swapped_places
from workers.align.motion.tracks import Mover, shaken

if TYPE_CHECKING:
    import numpy.typing as npt

    from workers.align.motion.camera import Projection
    from workers.align.motion.flow_maps import FlowMaps
    from workers.align.motion.tracks import Tracks

    Floats = npt.NDArray[np.float32]

_USUAL_MARGIN: Final = 60.0  # units; only the relative size of steps near and far matters here
# The share of the expected motion to the right, downwards and in stir that is usually seen, relative to a
# fighter's rise and fall, of which 0.49 standard deviations are seen for each one expected; these are slopes
# measured over the same 64 games. They are the weights of a matched filter: motion that shows little adds
# little signal and little noise. A platform weighs 0 to the right, since whitening removes the steady motion
# of Yoshi's Story's cloud.
_USUALLY_SEEN: Final = {
    Mover.FIGHTER: (0.8, 1.0, 0.95),
    Mover.PROJECTILE: (0.55, 0.6, 0.3),
    Mover.PLATFORM: (0.0, 0.3, 0.0),
}
_HITS_USUALLY_SEEN: Final = 0.55
_SEARCHED_PICTURES: Final = 1000
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class MotionComparison:
    """The predicted and the measured motion of one stretch, under the camera that fits best.

    Attributes:
        camera: the camera that fits best.
        predicted: float32 [C, T], whitened, a column per frame.
        measured: float32 [C, K], whitened, a column per picture; picture 0 should show frame 0.
        curve: how well they fit at each lag, over the whole stretch.
        windows: where in the stretch they fit at lag 0.
        swapped: int64 [N], pictures that were swapped with the next one.
    """

    camera: Camera
    predicted: Floats
    measured: Floats
    curve: LagCurve
    windows: Windows
    swapped: npt.NDArray[np.int64]

    @property
    def gain(self) -> float:
        """The slope of measured on predicted motion at lag 0."""
        return _gain_at(0, self.predicted, self.measured)


class _Comparison(NamedTuple):
    """A MotionComparison before its windows are judged, and the lag for which its camera was fitted."""

    lag: int
    camera: Camera
    predicted: Floats
    measured: Floats
    curve: LagCurve

    def is_sure(self, limits: thresholds.MotionThresholds) -> bool:
        return self.curve.best_lag == self.lag and self.curve.margin >= limits.min_margin


@dataclass(frozen=True, slots=True, eq=False)
class MotionFinding:
    """All findings of motion about a stretch, for the verdict and for a plot.

    Attributes:
        evidence: the evidence for the verdict.
        curve: the correlation over lags, of the judged part.
        windows: the windows that begin in the judged part, by index within the whole stretch.
    """

    evidence: Evidence
    curve: LagCurve
    windows: Windows


def compare_motion(
    maps: FlowMaps,
    tracks: Tracks,
    *,
    least_gain: float | None = None,
    usual_camera: Camera | None = None,
    limits: thresholds.MotionThresholds = thresholds.MOTION,
) -> MotionComparison:
    """Find the camera, and put prediction and measurement side by side.

    Args:
        maps: foreground motion of K pictures; picture 0 should show row 0 of the tracks.
        tracks: where the state says the fighters were, T frames.
        least_gain: slope that this emulator's clean games reach at least. With it, a stretch in which much
            should move and nothing matches at any lag is broken; without it, such a stretch is not judged.
        usual_camera: the camera of this emulator's games, from which the search begins and from which a
            stretch of a few seconds hardly departs; None for the stand-in's.
        limits: how the two are whitened, which lags are compared, how windows are judged.
    """
    foreground = Foreground.of(maps)
    usual = usual_camera or Camera()
    found = _compare(foreground, tracks, _overall_lag(foreground, tracks, limits), usual, limits)
    # Without a good camera the lag can be misjudged, so other lags are tried, each with a camera of its own.
    if not found.is_sure(limits):
        others = {0, _searched_lag(foreground, tracks, usual, limits)} - {found.lag}
        again = (_compare(foreground, tracks, lag, usual, limits) for lag in sorted(others))
        found = max([found, *again], key=lambda each: (each.curve.best_lag == each.lag, each.curve.margin))
    _, camera, predicted, measured, curve = found
    is_sure = curve.margin >= limits.min_margin
    least = least_gain or 0.0  # fitting a stream that is mostly another game gives too small a gain
    gain = max(_gain_at(curve.best_lag, predicted, measured), least) if is_sure else least
    both = min(predicted.shape[1], measured.shape[1])
    predicted_both, measured_both = predicted[:, :both], measured[:, :both]
    windows = in_order(
        [
            judge_windows(predicted_both, measured_both, gain, limits),
            judge_ends(predicted_both, measured_both, least, limits),
        ]
    )
    swapped = _swapped(maps, tracks, limits)
    return MotionComparison(camera, predicted, measured, curve, windows, swapped)


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
        comparison: the comparison of the whole stretch.
        start: first picture to judge, within the stretch.
        exclusive_end: one past the last picture to judge.
        first_frame_index: frame_index, within the game, of the stretch's frame 0.
        name: whether the pictures are the raw ones or come from the encoded file.
        limits: the thresholds for when motion can tell.
    """
    predicted = comparison.predicted[:, start:exclusive_end]
    measured = comparison.measured[:, start:exclusive_end]
    curve = lag_curve(predicted, measured, limits)
    lag, is_sure = curve.best_lag, curve.margin >= limits.min_margin
    windows = comparison.windows.beginning_in(start, exclusive_end)
    broken = windows.start[windows.broken(limits)]
    # An encoder's errors go back and forth like swapped pictures, so the order of only raw pictures is
    # judged.
    is_here = (comparison.swapped >= start) & (comparison.swapped < exclusive_end)
    swapped = comparison.swapped[is_here & (name == "motion")]
    detail = (
        f"correlation {curve.at(lag):.2f} at lag {lag:+d}, next {curve.at(curve.runner_up_lag):.2f} at "
        f"{curve.runner_up_lag:+d}; {broken.size} of {windows.start.size} windows broken"
    )
    if swapped.size:
        detail += f"; pictures changed places at {swapped.size}"
    wrong = np.concatenate([broken, swapped])
    if not is_sure and not wrong.size:
        evidence = Evidence.abstain(name, f"nothing stands out: {detail}", margin=curve.margin)
        return MotionFinding(evidence, curve, windows)
    first = first_frame_index + int(wrong.min()) if wrong.size else None
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


def _overall_lag(foreground: Foreground, tracks: Tracks, limits: thresholds.MotionThresholds) -> int:
    """Return the lag that fits best without a camera: compares all fighters' steps with all seen motion."""
    tracks = tracks.of_kind(Mover.FIGHTER)
    extent = np.ptp(tracks.x, axis=0) + np.float32(_USUAL_MARGIN)
    steps = np.stack([(tracks.step_x / extent).sum(axis=0), (-tracks.step_y / extent).sum(axis=0)])
    predicted = whiten(np.concatenate([steps, tracks.stir.sum(axis=0, keepdims=True)]), limits)
    measured = whiten(np.stack(foreground.seen_overall()), limits)
    return lag_curve(*decorrelate(predicted, measured, limits), limits).best_lag


def _searched_lag(
    foreground: Foreground, tracks: Tracks, usual: Camera, limits: thresholds.MotionThresholds
) -> int:
    """Return the lag that fits best under the usual camera; each lag looks at other places in the pictures.

    Only the stretch of pictures in which the fighters should move most is used.
    """
    view = project(tracks, usual)
    fighters = tracks.of_kind(Mover.FIGHTER)
    motion = np.hypot(fighters.step_x, fighters.step_y).sum(axis=0)
    summed = np.concatenate([[0.0], np.cumsum(motion)])
    num = min(_SEARCHED_PICTURES, foreground.num_pictures, tracks.num_frames)
    start = int(np.argmax(summed[num:] - summed[: summed.size - num]))
    num = min(num, foreground.num_pictures - start)
    some, expected = foreground.chosen(slice(start, start + num)), _expected(tracks, view, limits)

    def fit(lag: int) -> float:
        rows = _rows(start, num, lag, tracks)
        seen = _measured(some, tracks, view, rows, limits)
        predicted, measured = _side_by_side(tracks, expected[:, rows], seen, limits)
        return float((predicted * measured).sum()) / (float(np.linalg.norm(predicted)) + _TINY)

    return max(range(-limits.max_lag, limits.max_lag + 1), key=fit) if num > 0 else 0


def _compare(
    foreground: Foreground,
    tracks: Tracks,
    lag: int,
    usual: Camera,
    limits: thresholds.MotionThresholds,
) -> _Comparison:
    """Compare under the camera that fits best if picture k shows row k + lag."""
    camera = fit_camera(foreground, tracks, lag, usual)
    view = project(tracks, camera)
    rows = _rows(0, foreground.num_pictures, lag, tracks)
    expected, seen = _expected(tracks, view, limits), _measured(foreground, tracks, view, rows, limits)
    predicted, measured = _side_by_side(tracks, expected, seen, limits)
    return _Comparison(lag, camera, predicted, measured, lag_curve(predicted, measured, limits))


def _swapped(maps: FlowMaps, tracks: Tracks, limits: thresholds.MotionThresholds) -> npt.NDArray[np.int64]:
    """Return the pictures that were swapped with the next one, int64 [N], where no camera may shake."""
    places = swapped_places(maps.onward, limits)
    places = places[places < tracks.num_frames]
    return places[~shaken(tracks, limits.shaken_frames)[places]]


def _rows(start: int, num: int, lag: int, tracks: Tracks) -> npt.NDArray[np.intp]:
    """Return the rows that pictures [start, start + num) show at this lag."""
    return np.clip(np.arange(start, start + num) + lag, 0, tracks.num_frames - 1)


def _expected(tracks: Tracks, view: Projection, limits: thresholds.MotionThresholds) -> Floats:
    """Return the expected motion, float32 [3 E + 1, T], whitened; 0 where an entity is not in the picture."""
    is_seen = _is_seen(tracks, view)
    rows = [whiten(each, limits) * is_seen for each in (view.step_right, view.step_down, tracks.stir)]
    return np.concatenate([*rows, whiten(tracks.num_hit[None], limits)]).astype(np.float32)


def _is_seen(tracks: Tracks, view: Projection) -> npt.NDArray[np.bool_]:
    """Return bool [E, T]: whether an entity is in the picture, or was one frame before."""
    return view.is_in_picture & (tracks.is_shown | tracks.comes_or_goes)


def _side_by_side(
    tracks: Tracks, expected: Floats, seen: Floats, limits: thresholds.MotionThresholds
) -> tuple[Floats, Floats]:
    """Decorrelate both, drop rows that never show, and weigh each prediction by how much usually shows."""
    each = np.array([_USUALLY_SEEN[kind] for kind in tracks.kinds], np.float32)
    weight = np.append(each.T, np.float32(_HITS_USUALLY_SEEN))
    shows = weight > 0
    predicted, measured = decorrelate(expected[shows], seen[shows], limits)
    return predicted * weight[shows, None], measured


def _measured(
    foreground: Foreground,
    tracks: Tracks,
    view: Projection,
    rows: npt.NDArray[np.intp],
    limits: thresholds.MotionThresholds,
) -> Floats:
    """Return the motion seen around the entities, float32 [3 E + 1, K], without the background's motion."""
    column, row = view.column[:, rows], view.row[:, rows]
    is_seen = _is_seen(tracks, view)[:, rows]
    around, away = foreground.seen_at(column, row), foreground.background(column, row)
    own = [
        _without(whiten(near, limits), whiten(far, limits)) * is_seen
        for near, far in zip(around, away, strict=True)
    ]
    foot = whiten(foreground.seen_at_foot()[None], limits)
    return np.concatenate([*own, _without(foot, whiten(away.stir, limits))]).astype(np.float32)


def _without(rows: Floats, common: Floats) -> Floats:
    """Subtract from each row of [E, K] the part that it shares with [1, K], by least squares."""
    power = float(np.square(common).sum())
    share = (rows * common).sum(axis=1, keepdims=True) / max(power, _TINY)
    taken: Floats = rows - share.astype(np.float32) * common
    return taken


def _gain_at(lag: int, predicted: Floats, measured: Floats) -> float:
    predicted, measured = predicted[:, max(lag, 0) :], measured[:, max(-lag, 0) :]
    num = min(predicted.shape[1], measured.shape[1])
    return usual_gain(predicted[:, :num], measured[:, :num])
