"""Stamp evidence: check the frame number that is painted into each picture, and the seed of its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from manifests.ledger.evidence import Evidence
from manifests.state.schema import FIRST_SLP_FRAME
from workers.align import thresholds

if TYPE_CHECKING:
    import numpy.typing as npt


def stamp_evidence(
    slp_frame: npt.NDArray[np.int32],
    valid: npt.NDArray[np.bool_],
    *,
    start: int = 0,
    shows_state: npt.NDArray[np.bool_] | None = None,
    is_expected: bool | None = None,
    name: Literal["stamp", "encoded_stamp"] = "stamp",
    limits: thresholds.StampThresholds = thresholds.STAMP,
) -> Evidence:
    """Compare the numbers read from the stamps of T consecutive pictures with the expected numbers.

    Args:
        slp_frame: int32 [T], as `manifests.video.stamp.read_stamps` returns it; picture 0 should show
            slp_frame start - 123.
        valid: bool [T], whether each stamp could be read, from the same function.
        start: frame_index, within the game, of the first picture.
        shows_state: bool [T], whether the picture carries the seed of its own row, from
            `manifests.video.stamp.seeds_agree`; None if no seed is painted.
        is_expected: True if every picture must carry a stamp, so that an unreadable one is a broken pair;
            False if no picture has one; None if the caller does not know: then stamps count as present if
            most are readable.
        name: whether the pictures are the raw ones or come from the encoded file.
        limits: the thresholds for when a stream of unknown kind counts as stamped.

    Raises:
        ValueError: the two arrays differ in shape.
    """
    if slp_frame.shape != valid.shape or slp_frame.ndim != 1:
        message = f"slp_frame and valid are both [T], got {slp_frame.shape} and {valid.shape}"
        raise ValueError(message)
    if shows_state is not None and shows_state.shape != valid.shape:
        message = f"shows_state is [{valid.size}], as slp_frame is; got {shows_state.shape}"
        raise ValueError(message)
    if is_expected is False or not valid.size:
        return Evidence.abstain(name, "the pictures carry no stamp" if valid.size else "no pictures")
    expected = np.arange(start, start + valid.size, dtype=np.int64) + FIRST_SLP_FRAME
    difference = slp_frame - expected
    # A black picture reads as -123, so that value counts only where -123 is expected.
    blank = valid & (slp_frame == FIRST_SLP_FRAME) & (difference != 0)
    readable = valid & ~blank
    share = float(readable.mean())
    if is_expected is None and share < limits.min_valid_share:
        return Evidence.abstain(name, f"only {share:.1%} of {valid.size} pictures carry a readable stamp")
    is_wrong = ~valid | (difference != 0)
    num_foreign = 0
    if shows_state is not None:
        num_foreign = int((~shows_state & ~is_wrong).sum())
        is_wrong |= ~shows_state
    wrong = np.flatnonzero(is_wrong)
    first_wrong = int(expected[wrong[0]]) if wrong.size else None
    if not readable.any():
        detail = f"none of {valid.size} stamps is readable"
        return Evidence(name, True, 0, 0.0, first_disagreement_slp_frame=first_wrong, detail=detail)
    values, counts = np.unique(difference[readable], return_counts=True)
    order = np.argsort(counts)
    runner_up = int(counts[order[-2]]) if counts.size > 1 else 0
    best = int(counts[order[-1]])
    detail = f"{valid.size - wrong.size} of {valid.size} stamps carry their own frame's number"
    if shows_state is not None:
        detail += " and seed"
    if num_foreign:
        detail += f"; {num_foreign} carry the number but another state's seed"
    return Evidence(
        name,
        available=True,
        offset_frames=int(values[order[-1]]),
        confidence=best / valid.size,
        first_disagreement_slp_frame=first_wrong,
        detail=detail,
        margin=(best - runner_up) / valid.size,
    )
