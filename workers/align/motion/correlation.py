"""Correlate predicted with measured motion over a range of lags, and measure by how much the best lag wins.

Slow changes are first removed from both sides: at the scale of seconds a game is full of coincidences, and
frames can be told apart by how motion starts, stops and turns. Both sides are then clipped, so that no single
burst decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align import thresholds

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_TINY: Final = 1e-9
_DAMPING: Final = 0.02  # damps the fit of a filter, for rows too short to determine one


@dataclass(frozen=True, slots=True, eq=False)
class LagCurve:
    """The correlation of prediction and measurement at each lag.

    A lag of L means that picture k shows row k + L.

    Attributes:
        lags: int64 [N], ascending.
        correlation: float64 [N], -1 to 1, of prediction and measurement at each lag.
        best_lag: the lag of the highest correlation.
        runner_up_lag: the lag that comes closest to the best one, in standard errors.
        margin: by how many standard errors the best lag stands above the runner-up; 0 if nothing moves or too
            few pictures show a frame at the best lag.
    """

    lags: npt.NDArray[np.int64]
    correlation: npt.NDArray[np.float64]
    best_lag: int
    runner_up_lag: int
    margin: float

    def at(self, lag: int) -> float:
        """Return the correlation at one lag."""
        return float(self.correlation[int(np.searchsorted(self.lags, lag))])


def whiten(sequences: Floats, limits: thresholds.MotionThresholds = thresholds.MOTION) -> Floats:
    """Subtract the moving mean, scale to unit standard deviation and clip, each row of [C, T] by itself.

    A row that never changes becomes zeros.
    """
    # A running sum gives all moving means in one pass; the edges repeat the first and last value.
    reach = limits.whitening_frames // 2
    padded = np.pad(sequences.astype(np.float64), ((0, 0), (reach + 1, reach)), mode="edge")
    sums = np.cumsum(padded, axis=1)
    width = 2 * reach + 1
    slow = (sums[:, width:] - sums[:, :-width]) / width
    fast = sequences - slow
    deviation = fast.std(axis=1, keepdims=True)
    scaled = np.where(deviation > _TINY, fast / np.maximum(deviation, _TINY), 0.0)
    return np.clip(scaled, -limits.clip_deviations, limits.clip_deviations).astype(np.float32)


def decorrelate(
    predicted: Floats, measured: Floats, limits: thresholds.MotionThresholds = thresholds.MOTION
) -> tuple[Floats, Floats]:
    """Make the noise of each measured row independent from picture to picture, as the margin requires.

    A linear prediction is fitted to each measured row and subtracted from it: this removes the part of the
    next picture that the last pictures predict, such as a background that turns in steps or a text that
    blinks. The same filter is applied to the predicted row, so that matching parts still match. Then both are
    scaled to unit standard deviation and clipped, so that many small agreements count for more than one large
    one.

    Args:
        predicted: float32 [C, T], whitened.
        measured: float32 [C, K], whitened.
        limits: the order of the filter, and the bound for clipping.
    """
    taps = [_taps(row, limits.noise_order) for row in measured.astype(np.float64)]
    return _filtered(predicted, taps, limits.bound_deviations), _filtered(
        measured, taps, limits.bound_deviations
    )


def lag_curve(
    predicted: Floats,
    measured: Floats,
    limits: thresholds.MotionThresholds = thresholds.MOTION,
) -> LagCurve:
    """Correlate decorrelated predictions [C, T] with decorrelated measurements [C, K] over all lags.

    The standard error of the difference between two lags is that of independent noise, seen through the
    difference of the two predictions. In each row the noise is as strong as the residual of the best lag.
    """
    lags = np.arange(-limits.max_lag, limits.max_lag + 1)
    sums = lag_products(predicted, measured, lags).sum(axis=1)
    power = np.sqrt(float(np.square(predicted).sum()) * float(np.square(measured).sum()))
    best = int(np.argmax(sums))
    shown = [_shown(predicted, lag, measured.shape[1]) for lag in lags.tolist()]
    gain = max(float(sums[best]), 0.0) / max(float(np.square(predicted).sum()), _TINY)
    # The noise is the residual of the best lag, which is noise even if that lag is wrong.
    noise = row_noise(measured, np.float32(gain) * shown[best]) if measured.size else None
    margins = np.full(lags.size, np.inf)
    for place in range(lags.size) if noise is not None else ():
        if place != best:
            # Only frames in which the predictions of two lags differ can tell the lags apart.
            distance = float(np.square(shown[best] - shown[place]).sum(axis=1) @ noise)
            is_told_apart = distance > _TINY
            margins[place] = (sums[best] - sums[place]) / np.sqrt(distance) if is_told_apart else 0.0
    runner_up = int(np.argmin(margins))
    is_long_enough = _overlap(predicted, measured, int(lags[best])) >= limits.min_frames
    return LagCurve(
        lags=lags,
        correlation=sums / max(power, _TINY),
        best_lag=int(lags[best]),
        runner_up_lag=int(lags[runner_up]),
        margin=float(margins[runner_up]) if power > _TINY and is_long_enough else 0.0,
    )


def lag_products(predicted: Floats, measured: Floats, lags: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return, for each lag L and picture k, the sum over rows of predicted[:, k + L] * measured[:, k].

    The shape is [len(lags), K]; 0 where k + L is not a frame.
    """
    num_frames, num_pictures = predicted.shape[1], measured.shape[1]
    products = np.zeros((lags.size, num_pictures))
    for place, lag in enumerate(lags.tolist()):
        start, exclusive_end = max(0, -lag), min(num_pictures, num_frames - lag)
        if start < exclusive_end:
            part = predicted[:, start + lag : exclusive_end + lag] * measured[:, start:exclusive_end]
            products[place, start:exclusive_end] = part.sum(axis=0)
    return products


def row_noise(measured: Floats, explained: Floats) -> npt.NDArray[np.float64]:
    """Return each row's variance about the explained part, float64 [C], over pictures with a measurement.

    A row is 0 if its fighter is not in the picture; such pictures count as missing, not as quiet.
    """
    left = np.square(measured - explained, dtype=np.float64)
    is_seen = measured != 0
    return np.asarray((left * is_seen).sum(axis=1) / np.maximum(is_seen.sum(axis=1), 1))


def _shown(predicted: Floats, lag: int, num_pictures: int) -> Floats:
    """Return the predictions [C, K] for pictures with this lag; 0 where there is no frame."""
    shown = np.zeros((predicted.shape[0], num_pictures), np.float32)
    start, exclusive_end = max(0, -lag), min(num_pictures, predicted.shape[1] - lag)
    if start < exclusive_end:
        shown[:, start:exclusive_end] = predicted[:, start + lag : exclusive_end + lag]
    return shown


def _overlap(predicted: Floats, measured: Floats, lag: int) -> int:
    """Return how many pictures show a frame of the game at this lag."""
    num_frames, num_pictures = int(predicted.shape[1]), int(measured.shape[1])
    return min(num_pictures, num_frames - lag) - max(0, -lag)


def _taps(row: npt.NDArray[np.float64], order: int) -> npt.NDArray[np.float64]:
    """Return the prediction-error filter of a row, by the Yule-Walker equations, slightly damped."""
    products = np.array([float(row[: row.size - k] @ row[k:]) for k in range(order + 1)])
    if row.size <= order or products[0] <= _TINY:
        return np.ones(1)
    apart = np.abs(np.subtract.outer(np.arange(order), np.arange(order)))
    # Damping keeps the equations solvable for a row that hardly changes.
    normal = products[apart] + np.eye(order) * (_DAMPING * products[0])
    return np.concatenate([[1.0], -np.linalg.solve(normal, products[1:])])


def _filtered(rows: Floats, taps: list[npt.NDArray[np.float64]], bound: float) -> Floats:
    filtered = np.zeros(rows.shape)
    for place, (row, tap) in enumerate(zip(rows, taps, strict=True)):
        if row.size:
            # The row is extended backwards by its first value, so that its length stays the same.
            before = np.full(tap.size - 1, row[0])
            filtered[place] = np.convolve(np.concatenate([before, row]), tap, mode="valid")
    # The filter must not invent motion in pictures without the fighter.
    is_seen = rows != 0
    filtered = np.where(is_seen, filtered, 0.0)
    power = np.square(filtered).sum(axis=1, keepdims=True)
    deviation = np.sqrt(power / np.maximum(is_seen.sum(axis=1, keepdims=True), 1))
    scaled = np.where(deviation > _TINY, filtered / np.maximum(deviation, _TINY), 0.0)
    return np.clip(scaled, -bound, bound).astype(np.float32)
