"""Plays one game on the stand-in and finds what its pictures show: fighters' boxes, clock and damage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from farm.bench._bytes_quality import Field, FieldReader, box_of
from farm.bench._bytes_trial import Truth
from farm.bench._capture_ways import CaptureRequest, game_of, keep_pictures
from manifests.labels.boxes import fighter_boxes
from manifests.video.stamp import PICTURE_HEIGHT, PICTURE_WIDTH, STAMP_ROWS
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.camera import standin_camera
from workers.standin.image.pack import TIMER_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from manifests.state.table import StateTable

# Places where game/hud.c draws: hundredths of a second behind the clock, and damage above the bottom, by
# port.
_HUNDREDTHS: Final = slice(14, 44), slice(344, 388)
_DAMAGE_ROWS: Final = slice(410, 456)
_FIRST_COLUMN, _COLUMN, _HALF_WIDTH = 110, 140, 58
_FRAMES_PER_SECOND: Final = 60


def truth_of(replay: Path, num_frames: int, folder: Path) -> Truth:
    """Play a game and write its first pictures, uncompressed, to a file in `folder`.

    Raises:
        FarmError: the replay cannot be played.
    """
    game = game_of(CaptureRequest("", "standin", str(replay), pictures="", folder=str(folder)))
    file = folder / "pictures"
    count = keep_pictures(game, folder, file, num_frames)
    pictures = np.memmap(file, np.uint8, "r", shape=(count, PICTURE_HEIGHT * 3 // 2, PICTURE_WIDTH))
    state = state_table(read_replay(replay.read_bytes()))
    shown_rows = PICTURE_HEIGHT - STAMP_ROWS
    luma = pictures[:, :PICTURE_HEIGHT]
    fields = [field for field in fields_of(state, count) if field.valid.any()]
    readers = [FieldReader(field, luma) for field in fields]
    hud = np.array([box_of(field) for field in fields], np.int64).reshape(-1, 4)
    return Truth(file, pictures, shown_rows, _boxes(state, shown_rows)[:count], hud, readers)


def fields_of(state: StateTable, num_frames: int) -> list[Field]:
    """Return where clock and damage are, and what they show in the first `num_frames` pictures."""
    slp_frame = state.values("slp_frame")[:num_frames].astype(np.int64)
    left = TIMER_SECONDS * 100 - np.maximum(slp_frame, 0) * 100 // _FRAMES_PER_SECOND
    # A 1 is narrower than other digits, so the hundredths move when a 1 is beside them.
    ones = (np.stack([left // 6000, left // 1000 % 6, left // 100 % 10]) == 1).sum(axis=0)
    usual = np.bincount(ones).argmax()
    fields = [Field(*_HUNDREDTHS, left % 100, (ones == usual) & (slp_frame > 0))]
    for player, port in enumerate(state.ports):
        middle = _FIRST_COLUMN + _COLUMN * port
        percent = state.values(f"p{player}.percent")[:num_frames]
        is_still = state.values(f"p{player}.stocks")[:num_frames] > 0
        if state.valid(f"p{player}.hitlag_left")[:num_frames].any():
            # The text shakes while its player is struck.
            is_still &= state.values(f"p{player}.hitlag_left")[:num_frames] == 0
        columns = slice(max(middle - _HALF_WIDTH, 0), middle + _HALF_WIDTH)
        fields.append(Field(_DAMAGE_ROWS, columns, percent.astype(np.int64), is_still))
    return fields


def _boxes(state: StateTable, shown_rows: int) -> NDArray[np.int64]:
    found = fighter_boxes(state, standin_camera(state), PICTURE_WIDTH, shown_rows)
    each = [np.where(box.valid[:, None], box.edges, 0) for box in found.values()]
    return np.asarray(np.rint(np.stack(each, axis=1)), np.int64)
