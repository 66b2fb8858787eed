"""Plots the results of `farm bench bytes`: quality over bytes, a line for each preset and set of regions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from workers.rendering.encode import DATASET_CODING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from farm.bench._bytes_trial import BytesTrial


def draw(trials: Sequence[BytesTrial], path: Path) -> None:
    """Write a PNG with PSNR and the fighters' SSIM over bytes per frame.

    Raises:
        OSError: the file cannot be written.
    """
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    whole, fighters = figure.subplots(1, 2)
    usual = [trial for trial in trials if trial.coding == DATASET_CODING]
    for name, group in groupby(usual, key=lambda trial: (trial.preset, trial.height, trial.region_offset)):
        line = sorted(group, key=lambda trial: trial.bytes_per_frame)
        label = f"{name[0]}, {name[1]} rows" + (f", regions {name[2]:g}" if name[2] else "")
        whole.plot([t.bytes_per_frame for t in line], [t.psnr_db for t in line], "o-", label=label)
        known = [(t.bytes_per_frame, t.ssim_fighters) for t in line if t.ssim_fighters is not None]
        fighters.plot([each[0] for each in known], [each[1] for each in known], "o-", label=label)
    whole.set(xlabel="bytes per frame", ylabel="PSNR of brightness, dB", xscale="log")
    fighters.set(xlabel="bytes per frame", ylabel="SSIM inside the fighters' boxes", xscale="log")
    for axes in (whole, fighters):
        axes.grid(visible=True, alpha=0.3)
    whole.legend(fontsize="small")
    figure.savefig(path)
