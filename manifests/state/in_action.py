"""How many frames a fighter has been in its action: a whole number, unlike the game's own action_age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.state.table import StateTable


def frames_in_action(table: StateTable, entity: str) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Count the frames since the action, or the character, became what it is; 0 in the first of them.

    An action that begins before the table does has begun nobody knows when, so its frames are not valid
    there, unless the table begins with the game. Give whole games, then only absence is not valid.

    Returns:
        int32 [T], and validity, bool [T].
    """
    action, character = table.values(f"{entity}.action"), table.values(f"{entity}.character")
    there = table.values(f"{entity}.present")
    index = np.arange(table.num_frames, dtype=np.int32)
    begins = np.ones(table.num_frames, bool)
    begins[1:] = (action[1:] != action[:-1]) | (character[1:] != character[:-1]) | (there[1:] != there[:-1])
    frames = index - np.maximum.accumulate(np.where(begins, index, 0))
    begins[0] = table.first_slp_frame == FIRST_SLP_FRAME
    return frames, there & np.logical_or.accumulate(begins)
