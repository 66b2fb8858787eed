"""Small still pictures of a game show the right frame, in its colours, with its state."""

from __future__ import annotations

import dataclasses
import io
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.browse.pictures import stills
from farm.browse.pictures.stills import contact_sheet, thumbnail
from manifests.errors import DatasetError
from manifests.store.keys import video_key
from tests.manifests.small_dataset import one_state

Image = pytest.importorskip("PIL.Image", reason="the extra `browse` is not installed")

if TYPE_CHECKING:
    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store


def opened(data: bytes) -> Image.Image:
    assert data[:3] == b"\xff\xd8\xff"
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_a_thumbnail_is_small_and_shows_the_picture(sound_store: Store, committed: LedgerEntry):
    picture = opened(thumbnail(sound_store, committed))
    assert picture.size == (160, 120)
    # The pictures of the small dataset are grey: 128 in limited range is 130 in full range.
    assert np.asarray(picture)[:100].mean() == pytest.approx(130, abs=2)


@pytest.mark.slow
def test_a_sheet_has_sixteen_pictures_with_room_for_captions(sound_store: Store, committed: LedgerEntry):
    picture = opened(contact_sheet(sound_store, committed))
    assert picture.size == (4 * 320, 4 * (240 + 30))
    pixels = np.asarray(picture).mean(axis=2)
    for row in range(4):
        caption = pixels[row * 270 + 240 : (row + 1) * 270]
        assert caption.max() > 240
        assert caption.min() < 60, "there is text on the white"


@given(st.lists(st.integers(1, 200), min_size=1, max_size=5), st.data())
def test_a_frame_is_found_in_the_gop_that_holds_it(lengths: list[int], data: st.DataObject):
    chunks = [
        SimpleNamespace(
            number=number,
            num_frames=length,
            footage=(None, SimpleNamespace(first_frame_index=tuple(range(0, length, 30)))),
        )
        for number, length in enumerate(lengths)
    ]
    frame = data.draw(st.integers(0, sum(lengths) - 1))
    chunk, gop = stills._key_frame(SimpleNamespace(chunks=chunks), frame)  # type: ignore[arg-type]
    within = frame - sum(lengths[: chunk.number])  # type: ignore[attr-defined]
    assert 0 <= within < chunk.num_frames
    first = chunk.footage[1].first_frame_index[gop]
    assert first <= within < first + 30


def test_a_caption_has_the_frame_and_of_each_player_percent_and_action():
    caption = stills._caption(one_state().slice(0, 1))
    first, second = caption.split("\n")
    assert first.startswith("slp_frame -123   p0  0 %  ")
    assert second.startswith("p1  0 %  ")


def yuv(luma: int, u: int = 128, v: int = 128) -> np.ndarray:
    """One picture of 4 x 4 pixels, packed I420."""
    planes = [np.full(16, luma), np.full(4, u), np.full(4, v)]
    return np.concatenate(planes).astype(np.uint8).reshape(6, 4)


@pytest.mark.parametrize(
    ("picture", "rgb"),
    [
        (yuv(16), (0, 0, 0)),
        (yuv(235), (255, 255, 255)),
        (yuv(126), (128, 128, 128)),
        (yuv(81, 90, 240), (255, 0, 0)),
        (yuv(145, 54, 34), (0, 255, 0)),
        (yuv(41, 240, 110), (0, 0, 255)),
        (yuv(0), (0, 0, 0)),  # a brightness below the limited range
        (yuv(255), (255, 255, 255)),  # a brightness above it
    ],
)
def test_colours_are_those_of_the_video(picture: np.ndarray, rgb: tuple[int, int, int]):
    found = stills.to_rgb(picture)
    assert found.size == (4, 4)
    assert np.asarray(found)[1, 1] == pytest.approx(rgb, abs=3)


def test_a_video_that_is_not_there_fails(sound_store: Store, committed: LedgerEntry):
    gone = [
        dataclasses.replace(chunk, video=dataclasses.replace(chunk.video, key=video_key(900 + number)))
        for number, chunk in enumerate(committed.chunks)
    ]
    with pytest.raises(DatasetError):
        thumbnail(sound_store, SimpleNamespace(chunks=gone))  # type: ignore[arg-type]
