"""Read windows for export to other formats, with the video copied unchanged and the states as arrays.

The pictures of a window that starts at a key frame are whole packets. So they can be copied into a small mp4,
bit for bit as the dataset holds them, without decoding or encoding.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME, FRAMES_PER_SECOND
from manifests.training.sample import as_dict
from manifests.video.decoder import GopRun
from manifests.video.small_mp4 import wrap_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from manifests.training.dataset import WindowDataset


@dataclass(frozen=True, eq=False, slots=True)
class Clip:
    """One window, ready to be written in another format.

    Attributes:
        name: unique in the dataset: the beginning of the game_id, and the frame, counted from 0 in the game.
        mp4: a video of the window's pictures.
        arrays: the window's states and actions by name.
        about: which game and frames the window shows, ready for JSON.
    """

    name: str
    mp4: bytes
    arrays: dict[str, NDArray[Any]]
    about: dict[str, Any]

    @property
    def about_json(self) -> bytes:
        """The bytes of `about` as JSON."""
        return json.dumps(self.about, sort_keys=True).encode()


def read_clips(dataset: WindowDataset) -> Iterator[Clip]:
    """Yield every window of a dataset, in order.

    Raises:
        ValueError: windows do not start at key frames, or skip frames, so that packets cannot be copied.
        DatasetError: the dataset cannot be read.
    """
    spec, step = dataset.index.spec, dataset.footage.grid.picture_step
    if spec.start != "gop" or spec.frame_step != step:
        message = (
            f"exports copy packets, so they want start='gop' and frame_step={step}, got {spec.start!r} and "
            f"{spec.frame_step}"
        )
        raise ValueError(message)
    dataset.reader.with_video = False  # pictures are copied as packets, not decoded
    game_ids, splits = dataset.games["game_id"].to_pylist(), dataset.games["split"].to_pylist()
    for window in range(len(dataset)):
        chunk, start = dataset.index.locate(window)
        sample = as_dict(dataset[window])
        game = int(sample.pop("game"))
        sample.pop("game_id")  # `about` has it as text
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
    data = dataset.reader.store.get_range(footage.video_key(chunk), span.byte_start, span.byte_exclusive_end)
    run = GopRun(data, footage.avcc(chunk), footage.video.width, footage.video.height)
    spec = dataset.index.spec
    return wrap_run(run, spec.num_seen, FRAMES_PER_SECOND // spec.frame_step)
