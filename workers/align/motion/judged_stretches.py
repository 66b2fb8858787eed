"""Find where in a game the measured motion stops following the predicted motion, window by window.

A window is as long as a decision needs: it ends where the predicted motion, at this game's usual gain, stands
a given number of standard deviations above the noise. Windows grow long if little moves, and a stretch in
which nothing moves is never judged. There are several scales: short windows notice a fault soon, long windows
are sure of it. In addition, each end of the stretch is compared with the rest of it, because a game that
turned into another one never comes back, and the rest tells better than the usual gain what the end should
show.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align import thresholds
from workers.align.motion.correlation import lag_products

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """W windows of pictures, by index within the stretch.

    Attributes:
        start: int64 [W], ascending.
        exclusive_end: int64 [W].
        least_share: float64 [W], the share below which the window is broken, by its scale.
        share: float64 [W], the seen motion as a share of the motion predicted for lag 0: near 1 where the
            picture shows the state, near 0 where it shows something else.
        rival_lag: int64 [W], the other lag that fits best.
        rival_sigmas: float64 [W], by how many standard deviations the rival lag fits better than lag 0;
            negative where lag 0 is better, or where the window is not of the shortest scale.
    """

    start: npt.NDArray[np.int64]
    exclusive_end: npt.NDArray[np.int64]
    least_share: npt.NDArray[np.float64]
    share: npt.NDArray[np.float64]
    rival_lag: npt.NDArray[np.int64]
    rival_sigmas: npt.NDArray[np.float64]

    def beginning_in(self, start: int, exclusive_end: int) -> Windows:
        """Return the windows that begin at one of the pictures [start, exclusive_end)."""
        chosen = (self.start >= start) & (self.start < exclusive_end)
        return Windows(
            self.start[chosen],
            self.exclusive_end[chosen],
            self.least_share[chosen],
            self.share[chosen],
            self.rival_lag[chosen],
            self.rival_sigmas[chosen],
        )

    def broken(self, limits: thresholds.MotionThresholds = thresholds.MOTION) -> npt.NDArray[np.bool_]:
        """Return bool [W]: where the predicted motion is missing, or another lag explains it far better."""
        return (self.share < self.least_share) | (self.rival_sigmas >= limits.rival_sigmas)


def usual_gain(predicted: Floats, measured: Floats) -> float:
    """Return the slope of measured on predicted, both whitened [C, T]; 0 if nothing was predicted."""
    power = float(np.square(predicted).sum())
    return float((predicted * measured).sum()) / power if power > _TINY else 0.0


def judge_windows(
    predicted: Floats,
    measured: Floats,
    gain: float,
    limits: thresholds.MotionThresholds = thresholds.MOTION,
) -> Windows:
    """Compare prediction and measurement, whitened [C, T] each, window by window.

    Args:
        predicted: row t is frame t.
        measured: row t is picture t, which should show frame t.
        gain: slope of measured on predicted where they agree.
        limits: the length of windows, and the distance between them.
    """
    lags = np.arange(-limits.max_lag, limits.max_lag + 1)
    num = predicted.shape[1]
    noise = _noise(predicted, measured, gain)
    power = np.square(predicted).sum(axis=0, dtype=np.float64)
    expected = _sums(power[None])[0]
    # In units of squared standard deviations, so that windows can be cut where there is enough.
    information = expected * (gain * gain / noise)
    products = _sums(lag_products(predicted, measured, lags))
    distance = _sums(_distances(predicted, lags))
    scales = []
    for number, (sigmas, least_share) in enumerate(limits.window_scales):
        start = np.arange(0, num, limits.window_step)
        # The first frame at which the window has gathered sigmas^2 since its start.
        exclusive_end = np.searchsorted(information, information[start] + sigmas**2)
        complete = (exclusive_end <= num) & (gain > 0)
        start, exclusive_end = start[complete], exclusive_end[complete]
        seen = products[:, exclusive_end] - products[:, start]
        share = seen[limits.max_lag] / (gain * (expected[exclusive_end] - expected[start]) + _TINY)
        spread = np.sqrt(noise * (distance[:, exclusive_end] - distance[:, start])) + _TINY
        better = (seen - seen[limits.max_lag]) / spread
        better[limits.max_lag] = -np.inf
        rival = np.argmax(better, axis=0) if start.size else np.zeros(0, np.int64)
        # Rival lags are tried only in the shortest windows, as a longer window holds several of those.
        best = better[rival, np.arange(start.size)] if not number else np.full(start.size, -np.inf)
        scales.append(
            Windows(start, exclusive_end, np.full(start.size, least_share), share, lags[rival], best)
        )
    return in_order(scales)


def judge_ends(
    predicted: Floats,
    measured: Floats,
    least_gain: float,
    limits: thresholds.MotionThresholds = thresholds.MOTION,
) -> Windows:
    """Compare each end of a stretch with the rest; return at most one broken window at either end.

    An end is broken if both it and the rest hold enough predicted motion, and the end shows too little of it
    at the gain of the rest. If there are several such ends, the one is returned without which the rest fits
    best.

    Args:
        predicted: whitened [C, T]; row t is frame t.
        measured: whitened [C, T]; row t is picture t, which should show frame t.
        least_gain: used as the gain of the rest if the measured gain is lower.
        limits: how much motion both must hold, and the share below which too little is shown.
    """
    num = predicted.shape[1]
    power, product = (
        _sums(np.asarray((predicted * other).sum(axis=0, dtype=np.float64))[None])[0]
        for other in (predicted, measured)
    )
    gain = product[-1] / (power[-1] + _TINY)
    noise = _noise(predicted, measured, float(gain))
    splits = np.arange(limits.window_step, num, limits.window_step)
    found = []
    for start, exclusive_end in ((splits, np.full_like(splits, num)), (np.zeros_like(splits), splits)):
        inside, seen = power[exclusive_end] - power[start], product[exclusive_end] - product[start]
        rest = power[-1] - inside
        rests_gain = np.maximum((product[-1] - seen) / (rest + _TINY), max(least_gain, _TINY))
        share = seen / (rests_gain * inside + _TINY)
        tells = np.minimum(inside, rest) * np.square(rests_gain) >= limits.end_sigmas**2 * noise
        is_broken = tells & (share < limits.end_least_share)
        # How much of the measured power the rest explains by itself if this end is left out.
        explained = np.where(is_broken, np.square(product[-1] - seen) / (rest + _TINY), 0.0)
        best = np.argmax(explained, keepdims=True) if is_broken.any() else np.zeros(0, np.intp)
        least = np.full(best.size, limits.end_least_share)
        none = np.zeros(best.size, np.int64)
        found.append(
            Windows(start[best], exclusive_end[best], least, share[best], none, np.full(best.size, -np.inf))
        )
    return in_order(found)


def in_order(parts: Sequence[Windows]) -> Windows:
    """Join windows, in order of their starts."""
    names = [field.name for field in fields(Windows)]
    columns = [np.concatenate([getattr(windows, name) for windows in parts]) for name in names]
    order = np.argsort(columns[0], kind="stable")
    return Windows(*(column[order] for column in columns))


def _noise(predicted: Floats, measured: Floats, gain: float) -> float:
    """Return the mean square of the residual at this gain, over all pictures with a measurement."""
    num_seen = max(int(np.count_nonzero(measured)), 1)
    left = np.square(measured - np.float32(gain) * predicted) * (measured != 0)
    return float(left.sum()) / num_seen + _TINY


def _sums(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return running sums along each row, [N, T + 1], beginning with 0."""
    return np.concatenate([np.zeros((rows.shape[0], 1)), np.cumsum(rows, axis=1)], axis=1)


def _distances(predicted: Floats, lags: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the squared distance, per frame, of the prediction at each lag from that at lag 0: [N, T]."""
    num = predicted.shape[1]
    distances = np.zeros((lags.size, num))
    for place, lag in enumerate(lags.tolist()):
        start, exclusive_end = max(0, -lag), min(num, num - lag)
        if start < exclusive_end:
            here = predicted[:, start:exclusive_end]
            there = predicted[:, start + lag : exclusive_end + lag]
            distances[place, start:exclusive_end] = np.square(there - here).sum(axis=0)
    return distances
