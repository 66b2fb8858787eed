"""The features of a frame in LeRobot's terms, as one list for both info.json and the columns of data/.

A note on timing. LeRobot's `action` is what is done *after* an observation. In our states files the inputs of
slp_frame f come *before* picture f, and lead to it. So `action` holds the inputs of frame f + 1, and
`action.same_frame` those of frame f; the last frame of a game, which no input follows, repeats its own inputs
and has `next.done`. If only every n-th frame has a picture, there is a row for each of those frames: `action`
then joins the inputs of all n frames up to the next picture (a button counts as held if it was held in any of
them), and `action.same_frame` has those of the picture's own frame. `timestamp` counts 60 frames a second,
although the console ran at 60000/1001 Hz, because LeRobot's rates are whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from manifests.state.views import ACTION, STATE, category_names, value_names
from manifests.store.keys import VIDEO_FEATURE

if TYPE_CHECKING:
    from manifests.ledger.dataset import DatasetDescription

NUM_PLAYERS: Final = 2
STATE_NAMES: Final = value_names(STATE, NUM_PLAYERS)
CATEGORY_NAMES: Final = category_names(STATE, NUM_PLAYERS)
ACTION_NAMES: Final = value_names(ACTION, NUM_PLAYERS)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a frame: its key, its dtype and, for a vector, the names of its places."""

    key: str
    dtype: str
    names: tuple[str, ...] = ()

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type of the feature's column in data/."""
        scalar = {"bool": pa.bool_(), "float32": pa.float32(), "int64": pa.int64()}[self.dtype]
        return pa.list_(scalar, len(self.names)) if self.names else scalar

    def declared(self) -> dict[str, Any]:
        """Make the feature's entry in info.json."""
        return {"dtype": self.dtype, "shape": [len(self.names) or 1], "names": list(self.names) or None}


FEATURES: Final = (
    Feature("observation.state", "float32", STATE_NAMES),
    Feature("observation.state.valid", "bool", STATE_NAMES),
    Feature("observation.categories", "int64", CATEGORY_NAMES),
    Feature("action", "float32", ACTION_NAMES),
    Feature("action.same_frame", "float32", ACTION_NAMES),
    Feature("next.done", "bool"),
    Feature("slp_frame", "int64"),
    Feature("timestamp", "float32"),
    Feature("frame_index", "int64"),
    Feature("episode_index", "int64"),
    Feature("index", "int64"),
    Feature("task_index", "int64"),
)


def data_schema() -> pa.Schema:
    """Make the Arrow schema of the files in data/."""
    return pa.schema([(feature.key, feature.arrow_type) for feature in FEATURES])


def declared_features(description: DatasetDescription) -> dict[str, Any]:
    """Make the `features` of info.json, including the video."""
    video = description.video
    assert video is not None, "a dataset of states alone is not compiled for LeRobot"
    return {
        VIDEO_FEATURE: {
            "dtype": "video",
            "shape": [video.height, video.width, 3],
            "names": ["height", "width", "channels"],
            "info": {
                "video.height": video.height,
                "video.width": video.width,
                "video.codec": video.codec,
                "video.pix_fmt": video.pixel_format,
                "video.is_depth_map": False,
                "video.fps": video.fps,
                "video.channels": 3,
                "has_audio": False,
            },
        },
        **{feature.key: feature.declared() for feature in FEATURES},
    }
