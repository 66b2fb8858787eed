"""Draws the plot of `farm align`: how well motion fits at each lag, and how much of it each window shows."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from workers.align import thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from workers.align.motion.evidence import MotionFinding

_INCHES: Final = (12.0, 2.8)  # of the row of one chunk
_DPI: Final = 100
_SHARES: Final = (-0.5, 2.0)  # the range of shares that is drawn; a share beyond it is drawn at the edge


@dataclass(frozen=True, slots=True)
class ChunkFinding:
    """What the motion check found in one chunk.

    Attributes:
        title: the chunk in words, as the plot's title.
        first_slp_frame: slp_frame of the chunk's first row.
        found: what was measured now, from the files.
        recorded: the evidence that the ledger holds about the chunk, one line for each check.
    """

    title: str
    first_slp_frame: int
    found: MotionFinding
    recorded: Sequence[str]


def plot(title: str, chunks: Sequence[ChunkFinding]) -> bytes:
    """Draw the findings of some chunks as a PNG; the same findings give the same picture."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - matplotlib takes a second to load

    figure = Figure(figsize=(_INCHES[0], _INCHES[1] * len(chunks) + 0.6), dpi=_DPI, layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(len(chunks), 2, squeeze=False, width_ratios=(1, 2))
    for (left, right), chunk in zip(axes, chunks, strict=True):
        _draw_curve(left, chunk)
        _draw_windows(right, chunk)
    image = io.BytesIO()
    figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()


def _draw_curve(axes: Axes, chunk: ChunkFinding) -> None:
    curve = chunk.found.curve
    axes.plot(curve.lags, curve.correlation, color="tab:blue", linewidth=1)
    axes.axvline(0, color="0.8", linewidth=1, zorder=0)
    axes.plot(
        curve.best_lag, curve.at(curve.best_lag), "o", color="tab:red", label=f"best {curve.best_lag:+d}"
    )
    runner_up = f"next {curve.runner_up_lag:+d}, {curve.margin:.1f} s.e. below"
    axes.plot(curve.runner_up_lag, curve.at(curve.runner_up_lag), "o", color="tab:orange", label=runner_up)
    axes.set(title=chunk.title, xlabel="lag, frames", ylabel="correlation")
    axes.legend(fontsize="xx-small", loc="upper left")


def _draw_windows(axes: Axes, chunk: ChunkFinding) -> None:
    windows = chunk.found.windows
    middle = chunk.first_slp_frame + (windows.start + windows.exclusive_end) / 2
    share = np.clip(windows.share, *_SHARES)
    broken = windows.broken()
    axes.axhline(1, color="0.8", linewidth=1, zorder=0)
    for _, least_share in thresholds.MOTION.window_scales:
        axes.axhline(least_share, color="tab:red", linewidth=0.7, linestyle=":")
    axes.plot(middle, share, ".", markersize=3, color="tab:blue")
    axes.plot(middle[broken], share[broken], "x", color="tab:red", label=f"{broken.sum()} broken")
    axes.set(xlabel="slp_frame", ylabel="motion seen / predicted", ylim=_SHARES)
    axes.set_title("\n".join(chunk.recorded), fontsize="x-small", loc="left")
    if broken.any():
        axes.legend(fontsize="xx-small", loc="upper left")
