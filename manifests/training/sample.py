"""The type of a sample: the named arrays that a loader gives for a window, or for a batch of windows."""

from __future__ import annotations

from typing import Any, Generic, TypeAlias, TypedDict, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Bytes = TypeVar("Bytes")
Floats = TypeVar("Floats")
Ints = TypeVar("Ints")
ShortInts = TypeVar("ShortInts")
Bools = TypeVar("Bools")


class _Always(TypedDict, Generic[Bytes, Ints, ShortInts, Bools]):
    game_id: Bytes
    slp_frame: ShortInts
    is_context: Bools
    action_is_pad: Bools
    game: Ints
    chunk: Ints
    frame_index: Ints


class SampleRecord(
    _Always[Bytes, Ints, ShortInts, Bools], Generic[Bytes, Floats, Ints, ShortInts, Bools], total=False
):
    """The arrays of one window, by name. In a batch, each has one more axis in front, [batch_size, ...].

    With T = history + window steps, D quantities and C ids and bit fields, these are always there:

        slp_frame      int32 [T]             Slippi's index of each step's frame
        is_context     bool [T]              True for the `history` steps in front
        action_is_pad  bool [T + lookahead]  True where the chunk lacks the frame, or one of a step's frames;
                                             [T + lookahead, frame_step] with actions="every"
        game_id        uint8 [32]            sha256 of the replay, the same in any selection and dataset;
                                             bytes(sample["game_id"]).hex() is the text in tables
        game           int64 []              row of `dataset.games`, so another number in another selection
        chunk          int64 []              number of the chunk, counted over the selected games
        frame_index    int64 []              the first frame that is seen, counted from 0 in its chunk

    The others exist if `fields` asks for them; a view, here "state", adds up to four arrays:

        video            uint8 [T, 3, H, W] of RGB, or [T, H * 3 / 2, W] of packed yuv420 planes
        state            float32 [T, D]  quantities; `dataset.names["state"]` names the D places
        state_valid      bool [T, D]     False where the replay did not record the value
        state_ids        int64 [T, C]    ids and bit fields, which must not be scaled or averaged
        state_ids_valid  bool [T, C]
        action, raw_action, just_pressed  like a view, but [T + lookahead, ...]: step k has the inputs of its
                         frame + action_shift; [T + lookahead, frame_step, ...] with actions="every", and
                         [T + lookahead, sets, ...] with `action_fps`
        is_repeat        bool [batch_size], only in batches: True where a window only fills the last batch

    A side table that is joined as NAME adds NAME [T, ...], in its own dtype, and NAME_valid, bool [T], which
    is False where the table has no row; the values are zero there. A table with several columns adds NAME
    [T, columns] and NAME_valid of the same shape; `dataset.names[NAME]` names the columns. `fields` may also
    name a single column ("p0.percent") or a view of a fixed version ("state/1"). Such names are not declared
    here, so code that is type-checked must write `as_dict(sample)["p0.percent"]` for them.
    """

    video: Bytes
    state: Floats
    state_valid: Bools
    state_ids: Ints
    state_ids_valid: Bools
    followers: Floats
    followers_valid: Bools
    followers_ids: Ints
    followers_ids_valid: Bools
    action: Floats
    action_valid: Bools
    action_ids: Ints
    action_ids_valid: Bools
    raw_action: Floats
    raw_action_valid: Bools
    raw_action_ids: Ints
    raw_action_ids_valid: Bools
    just_pressed: Floats
    just_pressed_valid: Bools
    just_pressed_ids: Ints
    just_pressed_ids_valid: Bools
    flags: Floats
    flags_valid: Bools
    projectiles: Floats
    projectiles_valid: Bools
    projectiles_ids: Ints
    projectiles_ids_valid: Bools
    is_repeat: Bools


Sample: TypeAlias = SampleRecord[
    NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64], NDArray[np.int32], NDArray[np.bool_]
]
"""A window, or a batch of windows, as NumPy arrays."""


def as_dict(sample: SampleRecord[Bytes, Floats, Ints, ShortInts, Bools]) -> dict[str, Any]:
    """Return the sample itself, typed as a plain dict: for names that `SampleRecord` does not declare."""
    return cast("dict[str, Any]", sample)
