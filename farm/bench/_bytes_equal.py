"""Compares ways to encode at equal bytes, since an encoding with more bytes always has better pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workers.rendering.encode import DATASET_CODING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from farm.bench._bytes_trial import BytesTrial


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better a trial is than plain encodings of equal bytes, in the units of BytesTrial.

    A field is None if its measure is not known, or if all plain encodings are larger, or all smaller.
    """

    psnr_db: float | None
    ssim: float | None
    vmaf: float | None
    ssim_fighters: float | None


def regions_beside_plain(trials: Sequence[BytesTrial]) -> list[tuple[BytesTrial, Gain]]:
    """Compare each trial with regions of interest with trials of its preset and size without regions."""
    plain = [trial for trial in trials if trial.coding == DATASET_CODING and not trial.region_offset]
    return [
        (trial, _gain(trial, [one for one in plain if _kind(one) == _kind(trial)]))
        for trial in trials
        if trial.region_offset
    ]


def at_bytes(size: float, sizes: ArrayLike, values: ArrayLike) -> float | None:
    """Return the quality that encodings of one kind have at a number of bytes.

    Between two encodings, quality is interpolated linearly over the logarithm of the bytes.

    Args:
        size: the number of bytes, above 0.
        sizes: [N], bytes of the encodings, above 0, in any order.
        values: [N], their quality.

    Returns:
        The quality; None outside the range of the known encodings.
    """
    known: NDArray[np.float64] = np.asarray(sizes, np.float64)
    if not known.size or not known.min() <= size <= known.max():
        return None
    order = np.argsort(known)
    quality = np.asarray(values, np.float64)[order]
    return float(np.interp(np.log(size), np.log(known[order]), quality))


def _kind(trial: BytesTrial) -> tuple[str, int]:
    return trial.preset, trial.height


def _gain(trial: BytesTrial, plain: Sequence[BytesTrial]) -> Gain:
    return Gain(
        _gained(trial, plain, [one.psnr_db for one in plain], trial.psnr_db),
        _gained(trial, plain, [one.ssim for one in plain], trial.ssim),
        _gained(trial, plain, [one.vmaf for one in plain], trial.vmaf),
        _gained(trial, plain, [one.ssim_fighters for one in plain], trial.ssim_fighters),
    )


def _gained(
    trial: BytesTrial, plain: Sequence[BytesTrial], values: Sequence[float | None], own: float | None
) -> float | None:
    known = [value for value in values if value is not None]
    if own is None or len(known) < len(plain):
        return None
    expected = at_bytes(trial.bytes_per_frame, [one.bytes_per_frame for one in plain], known)
    return None if expected is None else own - expected
