"""Shows what a trainer sees: one sample, fetched by the loader itself, as data for a page and as pictures."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from farm.browse.window.named_game import asked_frame, asked_number, chunk_with_frame
from manifests.state.schema import FRAMES_PER_SECOND
from manifests.training.open import open_dataset
from manifests.training.sample import as_dict
from manifests.video.overlay import write_animation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from farm.browse.window.window_ask import WindowAsk
    from manifests.training.dataset import WindowDataset

_LOOP_SIZE: Final = (320, 240)
_TABLES: Final = ("state", "followers", "flags", "projectiles")
_STICKS: Final = ("main_x", "main_y", "c_x", "c_y", "trigger")


@dataclass(frozen=True, slots=True, eq=False)
class ShownWindow:
    """A sample of the loader, and the window that it comes from.

    Attributes:
        number: number of the window in the dataset as it was opened.
        num_windows: number of windows of the dataset.
        sample: the fields that the loader gives, by name.
        names: names of the elements of each view.
        asked_frame: slp_frame that was asked for; None if the window was asked for by its number.
    """

    number: int
    num_windows: int
    sample: Mapping[str, Any]
    names: Mapping[str, Any]
    asked_frame: int | None


@lru_cache(maxsize=4)
def shown_window(url: str, ask: WindowAsk) -> ShownWindow:
    """Load the window that a user asks for.

    Raises:
        ValueError: there is no such window, or options conflict.
        DatasetError: the dataset cannot be read.
    """
    dataset = open_dataset(
        url, window=ask.spec, fields=list(ask.fields), split=ask.split or None, pictures=ask.pictures,
        cache=None, as_torch=False,
    )  # fmt: skip
    number = window_number(dataset, ask.at)
    asked = asked_frame(ask.at)
    return ShownWindow(number, len(dataset), as_dict(dataset[number]), dataset.names, asked and asked[1])


def window_number(dataset: WindowDataset, at: str) -> int:
    """Return a window's number: the given one, or that of the last that begins at or before a game's frame.

    Raises:
        ValueError: there is no such window.
    """
    if not at:
        return 0
    if (number := asked_number(dataset, at)) is not None:
        return number
    try:
        return _last_that_begins(dataset, *chunk_with_frame(dataset, at))
    except ValueError as error:
        message = (
            f"no window {at!r:.60}: {error}; give a number below {len(dataset)}, or GAME:SLP_FRAME with the "
            "first digits of a game_id and a frame that windows of this length reach"
        )
        raise ValueError(message) from error


def _last_that_begins(dataset: WindowDataset, chunk: int, frame_index: int) -> int:
    first, end = (int(dataset.index.chunk_offset[chunk + k]) for k in (0, 1))
    _, starts = dataset.index.locate_all(np.arange(first, end))
    num_before = int(np.searchsorted(starts, frame_index, side="right"))
    if not num_before:
        message = "no window of this length begins there, or before it in its chunk"
        raise ValueError(message)
    return first + num_before - 1


def described(shown: ShownWindow) -> dict[str, Any]:
    """Return what the page shows of a sample, JSON-ready: its steps, the inputs of each, tables of views."""
    sample = shown.sample
    return {
        "number": shown.number,
        "num_windows": shown.num_windows,
        "game_id": bytes(sample["game_id"]).hex(),
        "asked_frame": shown.asked_frame,
        "num_pictures": len(sample["video"]) if "video" in sample else 0,
        "steps": [
            {"slp_frame": int(frame), "is_context": bool(context)}
            for frame, context in zip(sample["slp_frame"], sample["is_context"], strict=True)
        ],
        "inputs": list(_inputs(shown)) if "action" in sample else [],
        "arrays": [
            {"name": name, "dtype": str(value.dtype), "shape": list(value.shape)}
            for name, value in sorted(sample.items())
        ],
        "tables": [
            _table(shown, name) for name in ("state", "followers", "flags", "projectiles") if name in sample
        ],
    }


def _inputs(shown: ShownWindow) -> Iterator[dict[str, Any]]:
    """Yield the sets of inputs of each step: one set or, with actions="every", one for each frame."""
    actions, pads = shown.sample["action"], shown.sample["action_is_pad"]
    names = list(shown.names["action"])
    for step, each in enumerate(actions):
        sets = each.reshape(-1, each.shape[-1])
        are_pads = np.broadcast_to(np.asarray(pads[step]).reshape(-1), len(sets))
        yield {
            "step": step,
            "sets": [
                {"is_pad": bool(is_pad), "players": [_player(names, values, player) for player in (0, 1)]}
                for values, is_pad in zip(sets, are_pads, strict=True)
            ],
        }


def _player(names: list[str], values: NDArray[np.float32], player: int) -> dict[str, Any]:
    own = {
        name.removeprefix(f"p{player}."): float(value)
        for name, value in zip(names, values, strict=True)
        if name.startswith(f"p{player}.")
    }
    pressed = [
        name.removeprefix("buttons.") for name, value in own.items() if name.startswith("buttons.") and value
    ]
    return {"pressed": pressed, **{name: round(own[name], 4) for name in _STICKS}}


def _table(shown: ShownWindow, view: str) -> dict[str, Any]:
    """Return a table of a view: a row for each of its columns, a value for each step; None if masked."""
    rows: list[dict[str, Any]] = []
    for part in (view, f"{view}_ids"):
        if part not in shown.sample:
            continue
        values, valid = shown.sample[part], shown.sample.get(f"{part}_valid")
        for place, name in enumerate(shown.names[part]):
            known = [True] * len(values) if valid is None else valid[:, place].tolist()
            cells = zip(values[:, place].tolist(), known, strict=True)
            rows.append({"name": name, "values": [value if is_known else None for value, is_known in cells]})
    return {"view": view, "rows": rows}


def step_picture(shown: ShownWindow, step: int) -> bytes:
    """Make a WebP of a step's picture, as the sample has it.

    Raises:
        ValueError: there is no such step, or the sample has no pictures.
    """
    if "video" not in shown.sample or not 0 <= step < len(shown.sample["video"]):
        message = f"there is no picture {step}"
        raise ValueError(message)
    return _webp([_image(shown.sample["video"][step])], 1)


def loop(shown: ShownWindow, frame_step: int) -> bytes:
    """Make an animated WebP of a sample's pictures at their real pace.

    Raises:
        ValueError: the sample has no pictures.
    """
    if "video" not in shown.sample:
        message = "this sample has no pictures"
        raise ValueError(message)
    pictures = [_image(picture).resize(_LOOP_SIZE) for picture in shown.sample["video"]]
    return _webp(pictures, FRAMES_PER_SECOND / frame_step)


def _image(picture: NDArray[np.uint8]) -> Image.Image:
    """Turn an RGB picture, uint8 [3, H, W], or the last three planes of a stack, into a PIL picture."""
    return Image.fromarray(np.ascontiguousarray(np.moveaxis(picture[-3:], 0, -1)))


def _webp(pictures: list[Image.Image], pictures_per_second: float) -> bytes:
    file = io.BytesIO()
    write_animation([np.asarray(each) for each in pictures], file, "WEBP", pictures_per_second)
    return file.getvalue()
