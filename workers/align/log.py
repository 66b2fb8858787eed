"""Log evidence: which picture was the newest when the game said it had drawn frame n."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.stamp import FIRST_SLP_FRAME
from workers.align import thresholds
from workers.align.evidence import Evidence

if TYPE_CHECKING:
    import numpy.typing as npt


def log_evidence(
    slp_frame: npt.NDArray[np.int64],
    newest_capture_index: npt.NDArray[np.int64],
    *,
    expected_lag: int,
    first_capture_index: int = 0,
    limits: thresholds.LogThresholds = thresholds.LOG,
) -> Evidence:
    """Compare the pace of the lines with the pace of the pictures.

    A line and its picture travel different ways and so jitter against each other; over many lines the most
    frequent difference stays put, and it moves by one where a picture was lost or invented.

    Args:
        slp_frame: int64 [M], the n of each `[CURRENT_FRAME] n`, in order of arrival.
        newest_capture_index: int64 [M], of the newest picture when that line arrived, -1 before any.
        expected_lag: the emulator's constant: the usual newest_capture_index - (n + 123) of a right run, with
            picture 0 being the first of the game.
        first_capture_index: of the picture that should show slp_frame -123.
        limits: when the lines can tell.

    Raises:
        ValueError: if the two arrays differ in shape.
    """
    if slp_frame.shape != newest_capture_index.shape or slp_frame.ndim != 1:
        message = f"both are [M], got {slp_frame.shape} and {newest_capture_index.shape}"
        raise ValueError(message)
    if slp_frame.size < limits.min_lines:
        return Evidence.abstain("log", f"{slp_frame.size} lines, {limits.min_lines} are needed")
    steps = np.flatnonzero(np.diff(slp_frame) != 1)
    lag = newest_capture_index - first_capture_index - (slp_frame - FIRST_SLP_FRAME)
    mode, share, margin = _mode(lag)
    if share < limits.min_mode_share:
        return Evidence.abstain("log", f"lag {mode} in only {share:.0%} of {lag.size} lines", margin=margin)
    first_wrong = int(slp_frame[steps[0] + 1]) if steps.size else _first_shift(slp_frame, lag, mode, limits)
    return Evidence(
        "log",
        available=True,
        offset_frames=expected_lag - mode,
        confidence=share,
        first_disagreement_slp_frame=first_wrong,
        detail=f"lag {mode} in {share:.0%} of {lag.size} lines, {expected_lag} is usual",
        margin=margin,
    )


def _mode(lag: npt.NDArray[np.int64]) -> tuple[int, float, float]:
    """Most frequent value, its share, and how far that share is above the next one's."""
    values, counts = np.unique(lag, return_counts=True)
    order = np.argsort(counts)
    runner_up = int(counts[order[-2]]) if counts.size > 1 else 0
    best = int(counts[order[-1]])
    return int(values[order[-1]]), best / lag.size, (best - runner_up) / lag.size


def _first_shift(
    slp_frame: npt.NDArray[np.int64],
    lag: npt.NDArray[np.int64],
    mode: int,
    limits: thresholds.LogThresholds,
) -> int | None:
    """First line of the first window whose own clear mode is another one."""
    for start in range(0, lag.size - limits.window_lines + 1, limits.window_lines):
        local, share, _ = _mode(lag[start : start + limits.window_lines])
        if local != mode and share >= limits.min_mode_share:
            return int(slp_frame[start])
    return None
