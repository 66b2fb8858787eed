"""Makes small pictures of a game: a thumbnail of its middle, and a contact sheet of sixteen frames."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageDraw

from farm.browse.states.action_names import action_name
from farm.browse.states.chunk_states import parsed_states
from manifests.video.mp4 import decode_gop

if TYPE_CHECKING:
    from manifests.ledger.entry import LedgerEntry
    from manifests.ledger.records import ChunkRecord
    from manifests.state.table import StateTable
    from manifests.store.contract import Store

_THUMBNAIL: Final = (160, 120)
_STILL: Final = (320, 240)
_ROWS = _COLUMNS = 4
_CAPTION: Final = 30  # pixels high: two lines
_QUALITY: Final = 80


def thumbnail(store: Store, entry: LedgerEntry) -> bytes:
    """Make a JPEG of the game's middle, 160 x 120.

    Raises:
        DatasetError: the store failed, or the video cannot be decoded.
    """
    middle = sum(chunk.num_frames for chunk in entry.chunks) // 2
    return _jpeg(_picture(store, *_key_frame(entry, middle)).resize(_THUMBNAIL))


def contact_sheet(store: Store, entry: LedgerEntry) -> bytes:
    """Make a JPEG of sixteen frames, evenly spread over the game, with slp_frame, percents and actions.

    Raises:
        DatasetError: the store failed, or a video or states file cannot be read.
    """
    total = sum(chunk.num_frames for chunk in entry.chunks)
    sheet = Image.new("RGB", (_STILL[0] * _COLUMNS, (_STILL[1] + _CAPTION) * _ROWS), "white")
    draw, states = ImageDraw.Draw(sheet), cache(store.get)
    for place in range(_ROWS * _COLUMNS):
        chunk, gop = _key_frame(entry, total * place // (_ROWS * _COLUMNS))
        left, top = place % _COLUMNS * _STILL[0], place // _COLUMNS * (_STILL[1] + _CAPTION)
        sheet.paste(_picture(store, chunk, gop).resize(_STILL), (left, top))
        row = chunk.footage[1].first_frame_index[gop]
        caption = _caption(parsed_states(chunk.states.key, states(chunk.states.key), row, row + 1))
        draw.text((left + 4, top + _STILL[1] + 2), caption, fill="black")
    return _jpeg(sheet)


def _key_frame(entry: LedgerEntry, frame: int) -> tuple[ChunkRecord, int]:
    """Return the chunk that has a frame of the game, and the number, within it, of the frame's GOP."""
    for chunk in entry.chunks:
        if frame < chunk.num_frames:
            break
        frame -= chunk.num_frames
    # Only key frames are decoded, since any other frame needs all frames before it in its GOP.
    return chunk, int(np.searchsorted(chunk.footage[1].first_frame_index, frame, side="right")) - 1


def _picture(store: Store, chunk: ChunkRecord, gop: int) -> Image.Image:
    """Decode the first picture of a chunk's GOP."""
    video, gops = chunk.footage
    first, size = gops.byte_offset[gop], gops.byte_size[gop]
    data = store.get_range(video.key, first, first + size)
    return to_rgb(next(decode_gop(data, bytes.fromhex(chunk.avcc))))


def _caption(state: StateTable) -> str:
    """Return two lines of text: slp_frame, and each player's percent and action, in a state's first row."""
    told = []
    for place in range(state.num_players):
        percent, action = (state.values(f"p{place}.{name}")[0] for name in ("percent", "action"))
        told.append(f"p{place}  {int(percent)} %  {action_name(int(action))}")
    half = -(-len(told) // 2)
    first = f"slp_frame {int(state.values('slp_frame')[0])}"
    return "\n".join(("   ".join([first, *told[:half]]), "   ".join(told[half:])))


def to_rgb(yuv: np.ndarray[Any, np.dtype[np.uint8]]) -> Image.Image:
    """Convert packed I420 of limited range, uint8 [H * 3 / 2, W], to an RGB picture."""
    width, height = yuv.shape[1], yuv.shape[0] * 2 // 3
    luma = ((yuv[:height].astype(np.float32) - 16) * (255 / 219)).clip(0, 255).astype(np.uint8)
    chroma = yuv[height:].reshape(2, height // 2, width // 2).astype(np.float32)
    chroma = ((chroma - 128) * (255 / 224) + 128).clip(0, 255)
    planes = [Image.fromarray(luma)]
    planes += [Image.fromarray(each.astype(np.uint8)).resize((width, height)) for each in chroma]
    return Image.merge("YCbCr", planes).convert("RGB")


def _jpeg(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=_QUALITY)
    return data.getvalue()
