"""Make the rows of LeRobot's data/ from state tables; pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from manifests.lerobot.features import NUM_PLAYERS, data_schema
from manifests.state.schema import FRAMES_PER_SECOND
from manifests.state.views import ACTION, STATE, make_view, view_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.lerobot.episodes import Episode
    from manifests.state.table import StateTable

Columns = dict[str, "NDArray[Any]"]
_FIRST_BUTTON: Final = len(view_columns(ACTION, NUM_PLAYERS)[0])
"""The index in an action's values at which the buttons begin."""


def frame_columns(
    episode: Episode, state: StateTable, next_action: NDArray[np.float32] | None, picture_step: int = 1
) -> Columns:
    """Make every feature of an episode's T frames, [T] or [T, D] by key.

    Args:
        episode: gives the numbers of its frames.
        state: the states of the episode's chunk.
        next_action: float32 [D], inputs of the frame after the chunk's last frame; None at the end of a game.
        picture_step: number of the chunk's frames from one picture to the next; only frames with a picture
            are frames of the episode.

    Raises:
        ValueError: the states are not those of the episode.
    """
    num_frames = -(-state.num_frames // picture_step)
    if (num_frames, state.first_slp_frame) != (episode.num_frames, episode.slp_frame_start):
        message = (
            f"{episode.states_key}: {num_frames} rows from slp_frame {state.first_slp_frame}, "
            f"but the manifest says {episode.num_frames} from {episode.slp_frame_start}; run farm audit"
        )
        raise ValueError(message)
    seen = make_view(state, STATE)
    action = make_view(state, ACTION).values
    following = action[-1:] if next_action is None else next_action[None]
    frame_index = np.arange(episode.num_frames)
    categories = [seen.categories[name].astype(np.int64) for name in seen.categories]
    return {
        "observation.state": seen.values[::picture_step],
        "observation.state.valid": seen.valid[::picture_step],
        "observation.categories": np.stack(categories, axis=1)[::picture_step],
        "action": _joined(np.concatenate([action[1:], following]), picture_step),
        "action.same_frame": action[::picture_step],
        "next.done": (frame_index == episode.num_frames - 1) & episode.is_last_of_game,
        "slp_frame": state.values("slp_frame").astype(np.int64)[::picture_step],
        "timestamp": (frame_index * picture_step / FRAMES_PER_SECOND).astype(np.float32),
        "frame_index": frame_index,
        "episode_index": np.full(episode.num_frames, episode.episode_index),
        "index": frame_index + episode.first_index,
        "task_index": np.full(episode.num_frames, episode.task_index),
    }


def _joined(action: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Join the inputs of each `count` frames: a button held in any of them is held, sticks are the last's."""
    starts = np.arange(0, len(action), count)
    joined: NDArray[np.float32] = action[np.minimum(starts + count, len(action)) - 1]
    joined[:, _FIRST_BUTTON:] = np.maximum.reduceat(action[:, _FIRST_BUTTON:], starts)
    return joined


def first_action(state: StateTable) -> NDArray[np.float32]:
    """Return the inputs of a chunk's first frame, float32 [D]."""
    values: NDArray[np.float32] = make_view(state.slice(0, 1), ACTION).values[0]
    return values


def to_table(columns: Columns) -> pa.Table:
    """Make an Arrow table of the columns, in the schema of data/."""
    arrays = []
    for field in data_schema():
        values = columns[field.name]
        flat = pa.array(values.reshape(-1))
        arrays.append(pa.FixedSizeListArray.from_arrays(flat, values.shape[1]) if values.ndim > 1 else flat)
    return pa.Table.from_arrays(arrays, schema=data_schema())
