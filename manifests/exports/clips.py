"""Windows as they go into other formats: the video copied as it is, the states as arrays.

A window that starts at a key frame is the beginning of its GOPs, so its pictures are packets to be copied
into a small mp4, bit for bit what the dataset holds; nothing is decoded or encoded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME
from manifests.video.access_units import split_access_units
from manifests.video.libav import is_key_picture
from manifests.video.small_mp4 import make_mp4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from manifests.training.dataset import WindowDataset


@dataclass(frozen=True, eq=False, slots=True)
class Clip:
    """One window on its way out.

    Attributes:
        name: unique in the dataset: game, chunk and frame.
        mp4: its pictures.
        arrays: its states by name.
        about: where it is from, JSON-ready.
    """

    name: str
    mp4: bytes
    arrays: dict[str, NDArray[Any]]
    about: dict[str, Any]

    @property
    def about_json(self) -> bytes:
        """`about` as bytes."""
        return json.dumps(self.about, sort_keys=True).encode()


def read_clips(dataset: WindowDataset) -> Iterator[Clip]:
    """Every window of a dataset, in order, one at a time.

    Raises:
        ValueError: windows that do not start at key frames, or skip frames: their pictures cannot be copied.
        DatasetError: the dataset cannot be read.
    """
    spec = dataset.index.spec
    if spec.start != "gop" or spec.frame_step != 1:
        message = "exports copy packets, so they want start='gop' and frame_step=1"
        raise ValueError(message)
    dataset.reader.with_video = False
    game_ids, splits = dataset.games["game_id"].to_pylist(), dataset.games["split"].to_pylist()
    for window in range(len(dataset)):
        chunk, start = dataset.index.locate(window)
        sample = dataset[window]
        game = int(sample.pop("game"))
        arrays = {name: np.asarray(value) for name, value in sample.items() if np.asarray(value).ndim}
        about = {
            "game_id": game_ids[game],
            "split": splits[game],
            "slp_frame_start": int(sample["slp_frame"][0]),
            "frame_index": start,
            "names": {name: list(names) for name, names in dataset.names.items()},
        }
        frame_of_game = start + int(dataset.footage.slp_frame_start[chunk]) - FIRST_SLP_FRAME
        name = f"{game_ids[game][:16]}_{frame_of_game:07d}"
        yield Clip(name, _copied(dataset, chunk, start), arrays, about)


def _copied(dataset: WindowDataset, chunk: int, start: int) -> bytes:
    footage = dataset.footage
    span = footage.gop_span(chunk, start, start + dataset.index.spec.span - 1)
    data = dataset.reader.store.get_range(footage.video_keys[chunk], span.byte_start, span.byte_exclusive_end)
    avcc = footage.avcc[chunk]
    units = split_access_units(data, avcc)[: dataset.index.spec.span]
    return make_mp4(
        units, [is_key_picture(unit, avcc) for unit in units], avcc, footage.width, footage.height
    )
