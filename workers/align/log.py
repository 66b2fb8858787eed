"""Log evidence: compare the frame numbers that the game printed with the pictures made at the time.

Some emulators record for each picture which log line was the last before the picture was read back:
`asked_evidence`. With others it is only known which picture was the newest when a line arrived:
`log_evidence`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.ledger.evidence import Evidence
from manifests.state.schema import FIRST_SLP_FRAME
from workers.align import thresholds
from workers.align.game_notes import NOT_SAID

if TYPE_CHECKING:
    import numpy.typing as npt


_NOT_MEASURED: Final = (
    "that is steady, but which lag is right was not measured for this version of the emulator: "
    "`farm calibrate` does, in a minute"
)


def log_evidence(
    slp_frame: npt.NDArray[np.int64],
    newest_capture_index: npt.NDArray[np.int64],
    *,
    expected_lag: int | None,
    first_capture_index: int = 0,
    limits: thresholds.LogThresholds = thresholds.LOG,
) -> Evidence:
    """Compare the pace of the log lines with the pace of the pictures.

    A line and its picture reach us through different pipes, and so jitter against each other. Still, the most
    frequent lag between them within a few seconds is constant, and changes for good if a picture was lost or
    invented. A window of lines without a clearly most frequent lag is not judged; a window whose lag differs
    from that of the windows before and after it is jitter.

    Args:
        slp_frame: int64 [M], the n of each `[CURRENT_FRAME] n`, in order of arrival.
        newest_capture_index: int64 [M], the newest picture when that line arrived, -1 before any.
        expected_lag: the emulator's constant: the usual newest_capture_index - (n + 123) of a correct run in
            which picture 0 is the first of the game. None if it was never measured: then only a change
            within the game can be seen, and a steady lag says nothing.
        first_capture_index: the capture_index of the picture that should show slp_frame -123.
        limits: the thresholds for when the lines can tell.

    Raises:
        ValueError: the two arrays differ in shape.
    """
    if slp_frame.shape != newest_capture_index.shape or slp_frame.ndim != 1:
        shapes = f"{slp_frame.shape} and {newest_capture_index.shape}"
        message = f"slp_frame and newest_capture_index both are [M], got {shapes}"
        raise ValueError(message)
    if slp_frame.size < limits.window_lines:
        return Evidence.abstain("log", f"{slp_frame.size} lines, {limits.window_lines} are needed")
    lag = newest_capture_index - first_capture_index - (slp_frame - FIRST_SLP_FRAME)
    windows = _windows(lag, limits)
    judged = [window for window in windows if window.share >= limits.min_mode_share]
    if len(judged) < limits.min_judged_share * len(windows):
        detail = f"a clear lag in only {len(judged)} of {len(windows)} windows of {limits.window_lines} lines"
        return Evidence.abstain("log", detail)
    usual = Counter(window.lag for window in judged).most_common(1)[0][0]
    # Without a calibration, the game is compared with its own beginning.
    right = judged[0].lag if expected_lag is None else expected_lag
    first_wrong = _first_gap(slp_frame)
    if first_wrong is None:
        shifted = _shifted_for_good(judged, right, limits)
        first_wrong = None if shifted is None else int(slp_frame[shifted])
    if expected_lag is None and first_wrong is None:
        return Evidence.abstain("log", f"lag {usual} throughout; {_NOT_MEASURED}")
    like_usual = [window for window in judged if window.lag == usual]
    share = len(like_usual) / len(windows)
    return Evidence(
        "log",
        available=True,
        offset_frames=right - usual,
        confidence=share,
        first_disagreement_slp_frame=first_wrong,
        detail=f"lag {usual} in {len(like_usual)} of {len(windows)} windows, {right} is right",
        margin=float(np.mean([window.margin for window in like_usual])),
    )


@dataclass(frozen=True, slots=True)
class _Window:
    """The most frequent lag within some lines, its share of them, and its lead over the second share."""

    start: int
    lag: int
    share: float
    margin: float


def asked_evidence(slp_frame_asked: npt.NDArray[np.int64], *, start: int = 0) -> Evidence:
    """Compare the frame that each of T consecutive pictures says it shows with the frame that it should show.

    Nothing is inferred and no constant is needed: a frame that was shown twice, left out or asked for again
    is found at its exact place.

    Args:
        slp_frame_asked: int64 [T], the frame whose line was the last when the picture was read back; picture
            0 should say start - 123.
        start: frame_index, within the game, of the first picture.
    """
    if not slp_frame_asked.size:
        return Evidence.abstain("log", "no pictures")
    expected = np.arange(start, start + slp_frame_asked.size) + FIRST_SLP_FRAME
    difference = slp_frame_asked - expected
    wrong = np.flatnonzero(difference)
    values, counts = np.unique(difference, return_counts=True)
    order = np.argsort(counts, kind="stable")
    runner_up = int(counts[order[-2]]) if counts.size > 1 else 0
    best = int(counts[order[-1]])
    right = expected.size - wrong.size
    detail = f"{right} of {expected.size} pictures were made while their own frame's line was the last"
    return Evidence(
        "log",
        available=True,
        offset_frames=int(values[order[-1]]),
        confidence=best / expected.size,
        first_disagreement_slp_frame=int(expected[wrong[0]]) if wrong.size else None,
        detail=detail + _what_is_wrong(slp_frame_asked, wrong),
        margin=(best - runner_up) / expected.size,
    )


def _what_is_wrong(slp_frame_asked: npt.NDArray[np.int64], wrong: npt.NDArray[np.int64]) -> str:
    """Describe how the first wrong picture follows the one before it; "" if none is wrong."""
    if not wrong.size:
        return ""
    said = int(slp_frame_asked[wrong[0]])
    if said == NOT_SAID:
        return "; one says none"
    step = said - int(slp_frame_asked[wrong[0] - 1]) if wrong[0] else None
    if step == 0:
        return f"; slp_frame {said} was shown twice"
    if step is not None and step > 1:
        return f"; after slp_frame {said - step} came {said}"
    if step is not None and step < 0:
        return f"; slp_frame {said} was asked for again after {said - step}"
    return f"; the first says {said}"


def usual_lag(
    slp_frame: npt.NDArray[np.int64], newest_capture_index: npt.NDArray[np.int64]
) -> tuple[int, float] | None:
    """Return the most frequent lag of a run that is known to be correct, and its share, or None."""
    if not slp_frame.size:
        return None
    values, counts = np.unique(newest_capture_index - (slp_frame - FIRST_SLP_FRAME), return_counts=True)
    return int(values[np.argmax(counts)]), float(counts.max() / slp_frame.size)


def _windows(lag: npt.NDArray[np.int64], limits: thresholds.LogThresholds) -> list[_Window]:
    """Divide the lines into windows, the last of which takes the remainder."""
    starts = [*range(0, lag.size - limits.window_lines + 1, limits.window_lines)]
    windows = []
    for start, exclusive_end in zip(starts, [*starts[1:], lag.size], strict=True):
        values, counts = np.unique(lag[start:exclusive_end], return_counts=True)
        shares = np.sort(counts)[::-1] / (exclusive_end - start)
        margin = float(shares[0] - shares[1]) if shares.size > 1 else 1.0
        windows.append(_Window(start, int(values[np.argmax(counts)]), float(shares[0]), margin))
    return windows


def _shifted_for_good(
    judged: list[_Window], expected_lag: int, limits: thresholds.LogThresholds
) -> int | None:
    """Return where the lag changed and never came back, as an index of a line; None if it never did."""
    run = list(takewhile(lambda window: window.lag != expected_lag, reversed(judged)))
    # A single odd window at the end may be jitter, unless it is the only window.
    is_telling = len(run) >= limits.min_shifted_windows or len(run) == len(judged)
    return run[-1].start if run and is_telling else None


def _first_gap(slp_frame: npt.NDArray[np.int64]) -> int | None:
    """Return the first slp_frame that neither repeats nor follows the line before it; None if all do."""
    gaps = np.flatnonzero((np.diff(slp_frame) != 1) & (np.diff(slp_frame) != 0))
    return int(slp_frame[gaps[0] + 1]) if gaps.size else None
