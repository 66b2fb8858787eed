"""Count the frames that a fighter has been in its action: whole numbers, unlike the game's own action_age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.state.table import StateTable


def frames_in_action(table: StateTable, entity: str) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Count the frames since an entity's action or character last changed; 0 in the first frame after it.

    If an action began before the table's first row, its beginning is unknown, so its frames are not valid,
    unless the table begins with the game. In a whole game, only frames without the entity are not valid.

    Returns:
        Counts, int32 [T], and validity, bool [T].
    """
    action, character = table.values(f"{entity}.action"), table.values(f"{entity}.character")
    there = table.values(f"{entity}.present")
    index = np.arange(table.num_frames, dtype=np.int32)
    begins = np.ones(table.num_frames, bool)
    begins[1:] = (action[1:] != action[:-1]) | (character[1:] != character[:-1]) | (there[1:] != there[:-1])
    frames = index - np.maximum.accumulate(np.where(begins, index, 0))
    begins[0] = table.first_slp_frame == FIRST_SLP_FRAME
    return frames, there & np.logical_or.accumulate(begins)
