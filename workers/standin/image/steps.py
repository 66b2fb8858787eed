"""Make the steps of the stand-in: which line it prints, which record it shows, which number it stamps.

A faultless game has one step per row. A fault rearranges the steps, so the program itself need not know about
faults: it shows, prints and stamps what the steps say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workers.align.faults import FaultKind
from workers.standin.image import layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workers.align.faults import Fault


def plain_steps(slp_frames: NDArray[np.int32]) -> NDArray[Any]:
    """Return layout.STEP [T]: each row is shown for one field with its own number, which is printed once."""
    steps = np.zeros(len(slp_frames), layout.STEP)
    steps["line"] = steps["stamp"] = slp_frames
    steps["record"] = np.arange(len(slp_frames))
    return steps


def faulty_steps(slp_frames: NDArray[np.int32], fault: Fault, num_other: int = 0) -> NDArray[Any]:
    """Return the steps of a game in which a fault changes the pictures that are shown.

    The lines are printed as if nothing had happened: each number once, in order. A stamp belongs to its
    picture and moves with it; after a desync it still has the number that the emulator expects.

    Args:
        slp_frames: int32 [T], the rows' numbers; the rows are records 0 to T - 1.
        fault: the fault, in terms of capture_index, which equals the row here.
        num_other: for a desync, how many rows the other game has; they are records T to T + num_other - 1,
            and the last of them is held at its end.

    Raises:
        ValueError: the fault is a desync, but there is no other game.
    """
    is_desync = fault.kind is FaultKind.DESYNC
    if is_desync and num_other == 0:
        message = "a desync shows another game from some frame on: give that game, too"
        raise ValueError(message)
    num_rows = len(slp_frames)
    rows: list[tuple[int, int, int]] = []
    for index in range(num_rows):
        line = int(slp_frames[index])
        shown = fault.shown_in_turn(index)
        if not shown:
            rows.append((line, line, layout.NO_PICTURE))
        for row in shown:
            other = is_desync and row >= fault.at
            record = num_rows + min(row, num_other - 1) if other else row
            rows.append((line, int(slp_frames[row]), record))
            line = layout.NO_LINE
    return np.array(rows, layout.STEP)
