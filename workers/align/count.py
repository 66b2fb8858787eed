"""Count evidence: check that a game has exactly as many pictures as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.ledger.evidence import Evidence
from manifests.state.schema import FIRST_SLP_FRAME

if TYPE_CHECKING:
    import numpy.typing as npt


def count_before_hold(
    repeats_previous: npt.NDArray[np.bool_],
    num_frames: int,
    expects_change: npt.NDArray[np.bool_] | None = None,
) -> Evidence:
    """Find where the picture stops changing for good, which must be right after the game's last frame.

    This is for an emulator that holds the last picture once the game is over, as the stand-in does. A lost
    picture makes the hold begin early, and a picture that is shown twice makes it begin late.

    Args:
        repeats_previous: bool [K], K captured pictures of which number 0 should show slp_frame -123: True
            where a picture is identical, pixel by pixel, to the one before.
        num_frames: T, frames of the game; K should be more than T.
        expects_change: bool [T], where a frame certainly looks different from the one before; None if every
            frame does (as with a stamp). A repeat where a change is expected is a broken pair, and a hold may
            begin before the end of the game if no change is expected from there on.

    Raises:
        ValueError: num_frames is below 1, or expects_change has another length.
    """
    expected = np.ones(num_frames, dtype=np.bool_) if expects_change is None else expects_change
    if num_frames < 1 or expected.shape != (num_frames,):
        message = f"expects_change is bool [{num_frames}] for num_frames={num_frames}, got {expected.shape}"
        raise ValueError(message)
    changes = np.flatnonzero(~repeats_previous[1:]) + 1
    begins = int(changes[-1]) + 1 if changes.size else 1
    # Repeats after the last frame are the hold; repeats before it are pictures that were shown twice.
    inside = np.flatnonzero(repeats_previous[1 : min(begins, num_frames)] & expected[1:begins]) + 1
    first_wrong = int(inside[0]) + FIRST_SLP_FRAME if inside.size else None
    offset = num_frames - begins
    # A hold may begin early if the game itself ends in a still picture.
    if offset > 0 and begins < repeats_previous.size and not expected[begins:].any():
        offset = 0
    if begins >= repeats_previous.size:
        detail = f"{repeats_previous.size} pictures and no hold, the game has {num_frames} frames"
        # Without a hold, the end of the game was not seen either, even if the numbers happen to match.
        offset = offset or -1
    else:
        detail = f"the hold begins after {begins} pictures, the game has {num_frames} frames"
    return Evidence("count", True, offset, 1.0, first_disagreement_slp_frame=first_wrong, detail=detail)


_LINES: Final = 60  # lines at either end of the game: one second, in which most lines have the usual distance


def pictures_between_lines(lines: npt.NDArray[np.int64]) -> int:
    """Return the number of pictures from the first to the last frame that the log lines name.

    At either end the most frequent distance between the lines' numbers and the pictures' is used, so a single
    line that came early or late does not matter.

    Args:
        lines: int64 [M, 2], slp_frame and newest capture_index of each line, in order; M of 1 or more.
    """
    distance = lines[:, 1] - lines[:, 0]
    first, last = (
        int(np.bincount(part - distance.min()).argmax()) for part in (distance[:_LINES], distance[-_LINES:])
    )
    return int(lines[-1, 0] - lines[0, 0]) + 1 + last - first


def count_between_lines(num_pictures: int, num_frames: int) -> Evidence:
    """Compare the number of pictures between a game's first and last frame with its number of frames.

    This is for an emulator that says which picture was the first and which the last, as Slippi's lines do.
    """
    detail = f"{num_pictures} pictures from first to last frame, the game has {num_frames} frames"
    return Evidence("count", True, num_frames - num_pictures, 1.0, detail=detail)
