"""Writes a window of a game as a clip for people: its pictures with the state drawn over them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from farm.browse.states.boxes import boxes_of_game, camera_is_known
from farm.browse.states.drawn_state import DRAWN_COLUMNS, drawn_state
from farm.browse.window.named_game import asked_number, chunk_with_frame
from manifests.ledger.dataset import read_description
from manifests.ledger.entry import read_entry
from manifests.store.open import open_store
from manifests.training.open import open_dataset
from manifests.training.sample import as_dict
from manifests.training.windows import WindowSpec
from manifests.video.clip import write_mp4
from manifests.video.overlay import ANIMATION_STEP, draw_boxes, draw_over, resized, write_animation
from workers.errors import FarmError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from manifests.store.contract import Store
    from manifests.training.dataset import WindowDataset
    from manifests.training.sample import Sample
    from manifests.video.overlay import PlayerState

FPS: Final = 60
_ANIMATIONS: Final = {".gif": "GIF", ".webp": "WEBP"}


class ClipRefused(FarmError):  # noqa: N818
    """The requested window does not exist, or clips of that kind cannot be made."""


def place_of(dataset: WindowDataset, name: str) -> tuple[int, int]:
    """Return the chunk and frame_index of a window named by number, or as GAME:SLP_FRAME (GAME begins an id).

    Raises:
        ClipRefused: there is no such window.
    """
    if (number := asked_number(dataset, name)) is not None:
        return dataset.index.locate(number)
    try:
        return _begins_at(dataset, name)
    except ValueError as error:
        message = (
            f"no window {name!r:.60}: {error}; give a number below {len(dataset)}, or GAME:SLP_FRAME with "
            f"the first digits of a game_id and a frame that {dataset.index.spec.span} frames follow within "
            "its chunk"
        )
        raise ClipRefused(message) from error


def _begins_at(dataset: WindowDataset, name: str) -> tuple[int, int]:
    chunk, frame_index = chunk_with_frame(dataset, name)
    grid, span = dataset.footage.grid, dataset.index.spec.span
    frame_index -= frame_index % grid.picture_step
    if (num_left := int(grid.num_frames[chunk]) - frame_index) < span:
        message = f"{num_left} frames are left of its chunk there"
        raise ValueError(message)
    return chunk, frame_index


def write_clip(
    url: str,
    window: str,
    num_frames: int,
    path: Path,
    *,
    with_state: bool = True,
    with_boxes: bool = False,
    size: tuple[int, int] | None = None,
) -> int:
    """Write a window of the given number of frames as a clip; return how many pictures the clip has.

    An .mp4 has 60 pictures a second. A .webp or .gif has 20, at half the size or at `size`, (height, width).

    If only some frames have a picture, the clip has those.

    Raises:
        ClipRefused: no such window, another kind of file, or boxes of a game whose camera is not known.
        DatasetError: the dataset cannot be read.
    """
    if path.suffix not in (".mp4", *_ANIMATIONS):
        message = f"{path}: a clip is an .mp4, or an animated picture: .webp or .gif"
        raise ClipRefused(message)
    fields = ["video", *(f"p{player}.{column}" for player in (0, 1) for column in DRAWN_COLUMNS)]
    step = read_description(open_store(url)).picture_step
    spec = WindowSpec(-(-num_frames // step), start="any", frame_step=step)
    dataset = open_dataset(url, window=spec, fields=fields, cache=None, as_torch=False)
    sample = dataset[_number(dataset, place_of(dataset, window))]
    names = dataset.games["characters"][int(sample["game"])].as_py()
    pictures = list(_drawn(sample, names) if with_state else _plain(sample))
    if with_boxes:
        game_id = dataset.games["game_id"][int(sample["game"])].as_py()
        pictures = _boxed(pictures, sample, open_store(url), game_id)
    if path.suffix == ".mp4":
        return write_mp4(pictures, path, Fraction(FPS, step))
    kept = pictures[:: ANIMATION_STEP if step == 1 else 1]
    rate = FPS / (ANIMATION_STEP if step == 1 else step)
    shown = [picture[::2, ::2] if size is None else resized(picture, *size) for picture in kept]
    write_animation([np.ascontiguousarray(each) for each in shown], path, _ANIMATIONS[path.suffix], rate)
    return len(kept)


def _number(dataset: WindowDataset, place: tuple[int, int]) -> int:
    return int(dataset.index.chunk_offset[place[0]]) + place[1] // dataset.footage.grid.picture_step


def _plain(sample: Sample) -> Iterator[NDArray[np.uint8]]:
    for picture in sample["video"]:
        yield np.ascontiguousarray(np.moveaxis(picture, 0, -1))


def _drawn(sample: Sample, names: list[str]) -> Iterator[NDArray[np.uint8]]:
    for step, picture in enumerate(_plain(sample)):
        players = {player: _player(sample, player, step, names[player]) for player in range(len(names))}
        yield draw_over(picture, int(sample["slp_frame"][step]), players)


def _boxed(
    pictures: list[NDArray[np.uint8]], sample: Sample, store: Store, game_id: str
) -> list[NDArray[np.uint8]]:
    description, entry = read_description(store), read_entry(store, game_id)
    if entry is None or not camera_is_known(description, entry):
        message = (
            f"game {game_id[:12]}: no boxes, as its camera is not known; it is for games that the stand-in "
            "of this version drew, and not for Melee"
        )
        raise ClipRefused(message)
    first, boxes = boxes_of_game(store, description, entry)
    rows = np.asarray(sample["slp_frame"]) - first
    return [
        draw_boxes(picture, [(int(name[1]), one.edges[row]) for name, one in boxes.items() if one.valid[row]])
        for picture, row in zip(pictures, rows.tolist(), strict=True)
    ]


def _player(sample: Sample, player: int, step: int, name: str) -> PlayerState:
    columns = as_dict(sample)
    return drawn_state(lambda column: columns[f"p{player}.{column}"][step], name)
