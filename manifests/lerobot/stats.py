"""Compute LeRobot's stats.json: minimum, maximum, mean and deviation of features, added up file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.snapshot.moments import MaskedMoments

if TYPE_CHECKING:
    from numpy.typing import NDArray


def row_moments(values: NDArray[Any]) -> MaskedMoments:
    """Compute the statistics of rows, values [T, D] or [T], in which every place has a value."""
    rows = values.reshape(len(values), -1)
    every = np.ones(len(rows), np.bool_)
    return MaskedMoments.of([(column, every) for column in rows.T])


def to_plain(moments: MaskedMoments) -> dict[str, Any]:
    """Make a feature's entry in stats.json from its statistics over at least one row."""
    return {
        "min": moments.low.tolist(),
        "max": moments.high.tolist(),
        "mean": moments.mean.tolist(),
        "std": np.sqrt(moments.deviations / moments.num_frames).tolist(),
        "count": [moments.num_frames],
    }


def to_exact(moments: MaskedMoments) -> list[Any]:
    """Make JSON that `from_exact` reads back to the last bit."""
    columns = (moments.low, moments.high, moments.mean, moments.deviations)
    return [moments.num_frames, *(column.tolist() for column in columns)]


def from_exact(exact: list[Any]) -> MaskedMoments:
    """Read what `to_exact` made."""
    num_rows, *columns = exact
    low, high, mean, deviations = (np.array(column) for column in columns)
    return MaskedMoments(num_rows, np.full(len(low), float(num_rows)), mean, deviations, low, high)


def picture_stats(pictures: list[NDArray[np.uint8]]) -> dict[str, Any]:
    """Compute the statistics of RGB pictures [H, W, 3], per channel, scaled to 0..1, shaped [3, 1, 1]."""
    total = row_moments(pictures[0].reshape(-1, 3) / 255.0)
    for picture in pictures[1:]:
        total = total + row_moments(picture.reshape(-1, 3) / 255.0)
    shaped = {
        name: [[[value]] for value in values] for name, values in to_plain(total).items() if name != "count"
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
