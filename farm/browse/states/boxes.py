"""Boxes around the fighters of a dataset's games, if the camera of the emulator is known."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from farm.browse.states.chunk_states import chunk_states
from manifests.labels.boxes import EDGES, fighter_boxes
from manifests.labels.camera import unknown_camera
from manifests.ledger.entry import Status, done_game_ids, read_entries
from manifests.state.joined import joined
from manifests.video.stamp import stamp_rectangle
from workers.emulator.contract import HEIGHT, WIDTH
from workers.errors import EnvironmentFailed, FarmError
from workers.standin.camera import standin_camera
from workers.standin.image.pack import image_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from manifests.labels.boxes import Boxes
    from manifests.ledger.dataset import DatasetDescription
    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

_PLAYERS: Final = ("p0", "p0n", "p1", "p1n")
TABLE_SCHEMA: Final = pa.schema(
    [
        pa.field("game_id", pa.string(), nullable=False),
        pa.field("slp_frame", pa.int32(), nullable=False),
        *(pa.field(f"{player}.box_{edge}", pa.float32()) for player in _PLAYERS for edge in EDGES),
    ]
)
"""Schema of the table, a row per frame: pixels from the picture's left and top; null if a fighter is unseen.
"""


class NoPictures(FarmError):  # noqa: N818
    """The dataset has states alone, so there are no pictures to place a box in."""


@dataclass(frozen=True, slots=True)
class BoxesWritten:
    """The counts of games, rows and boxes that `write_boxes` wrote.

    Attributes:
        num_games: number of games in the table.
        num_frames: number of rows of the table.
        num_boxes: number of boxes of the two players, without followers.
        num_known_games: number of games whose camera is known.
    """

    num_games: int
    num_frames: int
    num_boxes: int
    num_known_games: int


def camera_is_known(description: DatasetDescription, entry: LedgerEntry) -> bool:
    """Return whether this installation's stand-in drew a game, so that the state gives the camera.

    Melee's own camera is not recorded. Ten numbers fitted to the motion in its pictures would place a fighter
    too coarsely for a box: for the stand-in, whose camera is known, the error is a quarter of the fighter's
    width.
    """
    return description.emulator == "standin" and entry.fingerprint.get("standin_sha256") == image_sha256()


def boxes_of_game(
    store: Store, description: DatasetDescription, entry: LedgerEntry
) -> tuple[int, Mapping[str, Boxes]]:
    """Calculate the boxes of a committed game.

    Returns:
        The game's first slp_frame, and the boxes of each fighter by entity ("p0", "p0n" and so on).

    Raises:
        NoPictures: the dataset has states alone.
        DatasetError: a states file cannot be read.
    """
    if description.video is None:
        message = "a dataset of states alone has no pictures, so there are no boxes in them"
        raise NoPictures(message)
    state = joined([chunk_states(store, chunk) for chunk in entry.chunks])
    is_known = camera_is_known(description, entry)
    camera = standin_camera(state) if is_known else unknown_camera(state.num_frames)
    # The camera is that of pictures as the stand-in draws them; a rendition's pictures have another size.
    _, height, width, _ = stamp_rectangle(WIDTH, HEIGHT)
    across, down = description.video.width / WIDTH, description.video.height / HEIGHT
    boxes = fighter_boxes(state, camera, width, height)
    return state.first_slp_frame, {entity: one.scaled(across, down) for entity, one in boxes.items()}


def write_boxes(store: Store, description: DatasetDescription, path: Path) -> BoxesWritten:
    """Write the boxes of all committed games as one Parquet file, in order of game_id and slp_frame.

    Args:
        store: the dataset's store.
        description: the dataset's dataset.json.
        path: the file, which appears only when it is complete.

    Raises:
        NoPictures: the dataset has states alone.
        EnvironmentFailed: the file cannot be written.
        DatasetError: a ledger entry or a states file cannot be read.
    """
    num_games = num_frames = num_boxes = num_known = 0
    part = path.with_name(f"{path.name}.part")
    try:
        with pq.ParquetWriter(part, TABLE_SCHEMA, compression="zstd") as writer:
            for entry in read_entries(store, done_game_ids(store)):
                if entry.status is not Status.COMMITTED:
                    continue
                first, boxes = boxes_of_game(store, description, entry)
                rows = _rows(entry.game_id, first, boxes)
                writer.write_table(rows)
                num_games, num_frames = num_games + 1, num_frames + rows.num_rows
                num_boxes += sum(int(boxes[player].valid.sum()) for player in ("p0", "p1"))
                num_known += camera_is_known(description, entry)
        part.replace(path)
    except OSError as error:
        message = f"{path}: {error.strerror or error}; give another --out"
        raise EnvironmentFailed(message) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return BoxesWritten(num_games, num_frames, num_boxes, num_known)


def _rows(game_id: str, first: int, boxes: Mapping[str, Boxes]) -> pa.Table:
    length = len(boxes["p0"].valid)
    columns: list[pa.Array] = [
        pa.array([game_id] * length, pa.string()),
        pa.array(np.arange(first, first + length, dtype=np.int32)),
    ]
    columns += [
        pa.array(boxes[player].edges[:, edge], mask=~boxes[player].valid)
        for player in _PLAYERS
        for edge in range(len(EDGES))
    ]
    return pa.Table.from_arrays(columns, schema=TABLE_SCHEMA)
