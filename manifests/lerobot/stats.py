"""Compute LeRobot's stats.json: minimum, maximum, mean and deviation of features, added up file by file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Statistics of some rows of D places; the statistics of two sets of rows can be added.

    Attributes:
        count: number of rows.
        low: [D], the minimum of each place.
        high: [D], the maximum.
        mean: [D], the mean.
        deviations: [D], the sum of squared deviations from the mean.
    """

    count: int
    low: Vector
    high: Vector
    mean: Vector
    deviations: Vector

    @classmethod
    def of(cls, values: NDArray[Any]) -> Moments:
        """Compute the statistics of values [T, D] or [T], where T is at least 1."""
        rows = values.reshape(len(values), -1).astype(np.float64)
        mean = rows.mean(axis=0)
        return cls(len(rows), rows.min(axis=0), rows.max(axis=0), mean, ((rows - mean) ** 2).sum(axis=0))

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        # Chan's formula, which does not lose precision, as adding sums of squares would.
        apart = other.mean - self.mean
        return Moments(
            count,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.mean + apart * other.count / count,
            self.deviations + other.deviations + apart**2 * self.count * other.count / count,
        )

    def to_plain(self) -> dict[str, Any]:
        """Make a feature's entry in stats.json."""
        return {
            "min": self.low.tolist(),
            "max": self.high.tolist(),
            "mean": self.mean.tolist(),
            "std": np.sqrt(self.deviations / self.count).tolist(),
            "count": [self.count],
        }

    def to_exact(self) -> list[Any]:
        """Make JSON that `from_exact` reads back to the last bit."""
        return [
            self.count,
            *(column.tolist() for column in (self.low, self.high, self.mean, self.deviations)),
        ]

    @classmethod
    def from_exact(cls, exact: list[Any]) -> Moments:
        """Read what `to_exact` made."""
        count, *columns = exact
        return cls(count, *(np.array(column) for column in columns))


def picture_stats(pictures: list[NDArray[np.uint8]]) -> dict[str, Any]:
    """Compute the statistics of RGB pictures [H, W, 3], per channel, scaled to 0..1, shaped [3, 1, 1]."""
    total = Moments.of(pictures[0].reshape(-1, 3) / 255.0)
    for picture in pictures[1:]:
        total = total + Moments.of(picture.reshape(-1, 3) / 255.0)
    shaped = {
        name: [[[value]] for value in values] for name, values in total.to_plain().items() if name != "count"
    }
    return {**shaped, "count": [len(pictures)]}


def rgb_of(yuv: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert packed I420 of BT.601, limited range, uint8 [H * 3 / 2, W], to RGB, uint8 [H, W, 3]."""
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    luma = (yuv[:height].astype(np.float32) - 16) * (255 / 219)
    planes = yuv[height:].reshape(2, height // 2, width // 2).astype(np.float32)
    blue, red = ((planes - 128) * (255 / 224)).repeat(2, axis=1).repeat(2, axis=2)
    rgb = np.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=2)
    rounded: NDArray[np.uint8] = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return rounded
