"""Which lag fits best, and by how much: sequences in, a curve over lags out.

Both sides are first stripped of what changes slowly (a game is full of coincidences at the scale of
seconds; what tells one frame from the next is how motion starts, stops and turns) and bounded, so that no
single burst decides.
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


@dataclass(frozen=True, slots=True, eq=False)
class LagCurve:
    """How well each lag fits.

    A lag of L means that picture k shows row k + L.

    Attributes:
        lags: int64 [N], ascending.
        correlation: float64 [N], -1 to 1, of prediction and measurement at each lag.
        best_lag: the lag of the highest correlation.
        runner_up_lag: the lag that comes nearest to it, in standard errors.
        margin: by how many standard errors the best lag stands above that one; 0 if nothing moves.
        significance: by how many standard errors the best lag's correlation stands above zero.
    """

    lags: npt.NDArray[np.int64]
    correlation: npt.NDArray[np.float64]
    best_lag: int
    runner_up_lag: int
    margin: float
    significance: float

    def at(self, lag: int) -> float:
        """Return the correlation at one lag."""
        return float(self.correlation[int(np.searchsorted(self.lags, lag))])


def whiten(sequences: Floats, limits: thresholds.MotionThresholds = thresholds.MOTION) -> Floats:
    """Take out the moving mean, scale to unit deviation and clip, each row of [C, T] for itself.

    A row that never changes becomes zeros.
    """
    reach = limits.whitening_frames // 2
    padded = np.pad(sequences.astype(np.float64), ((0, 0), (reach + 1, reach)), mode="edge")
    sums = np.cumsum(padded, axis=1)
    width = 2 * reach + 1
    slow = (sums[:, width:] - sums[:, :-width]) / width
    fast = sequences - slow
    deviation = fast.std(axis=1, keepdims=True)
    scaled = np.where(deviation > _TINY, fast / np.maximum(deviation, _TINY), 0.0)
    return np.clip(scaled, -limits.clip_deviations, limits.clip_deviations).astype(np.float32)


def lag_curve(
    predicted: Floats,
    measured: Floats,
    limits: thresholds.MotionThresholds = thresholds.MOTION,
) -> LagCurve:
    """Correlate whitened predictions [C, T] with whitened measurements [C, K] over all lags.

    The standard error of the difference between two lags comes from blocks of frames, since neighbouring
    frames are not independent.
    """
    lags = np.arange(-limits.max_lag, limits.max_lag + 1)
    products = lag_products(predicted, measured, lags)
    power = np.sqrt(float(np.square(predicted).sum()) * float(np.square(measured).sum()))
    correlation = products.sum(axis=1) / max(power, _TINY)
    best = int(np.argmax(correlation))
    blocks = _blocks(products, limits.block_frames)
    difference = blocks[best] - blocks
    errors = np.sqrt(np.square(difference).sum(axis=1))
    margins = difference.sum(axis=1) / np.maximum(errors, _TINY)
    margins[best] = np.inf
    runner_up = int(np.argmin(margins))
    error = float(np.sqrt(np.square(blocks[best]).sum()))
    return LagCurve(
        lags=lags,
        correlation=correlation,
        best_lag=int(lags[best]),
        runner_up_lag=int(lags[runner_up]),
        margin=float(margins[runner_up]) if power > _TINY else 0.0,
        significance=float(blocks[best].sum()) / max(error, _TINY),
    )


def lag_products(predicted: Floats, measured: Floats, lags: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return, for each lag L and picture k, the sum over rows of predicted[:, k + L] * measured[:, k].

    Shape [len(lags), K]; 0 where k + L is no frame.
    """
    num_frames, num_pictures = predicted.shape[1], measured.shape[1]
    products = np.zeros((lags.size, num_pictures))
    for place, lag in enumerate(lags.tolist()):
        start, exclusive_end = max(0, -lag), min(num_pictures, num_frames - lag)
        if start < exclusive_end:
            part = predicted[:, start + lag : exclusive_end + lag] * measured[:, start:exclusive_end]
            products[place, start:exclusive_end] = part.sum(axis=0)
    return products


def _blocks(products: npt.NDArray[np.float64], block_frames: int) -> npt.NDArray[np.float64]:
    """Sum [N, K] over blocks of pictures; the last block may be short."""
    starts = np.arange(0, max(products.shape[1], 1), block_frames)
    if not products.shape[1]:
        return np.zeros((products.shape[0], 1))
    return np.add.reduceat(products, starts, axis=1)
