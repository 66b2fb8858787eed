"""A clip of a range of frames shows the pictures of that range, whatever is drawn over them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from farm.browse.pictures.clips import MOST_CLIP_FRAMES, ClipAsk, clip
from farm.browse.pictures.frames import NoSuchFrame
from manifests.video.mp4 import decode_luma
from manifests.video.stamp import read_stamps
from tests.manifests.conftest import FRAMES_PER_CHUNK

if TYPE_CHECKING:
    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

SEAM = -123 + FRAMES_PER_CHUNK  # the first frame of the second chunk


def stamps(data: bytes) -> list[int]:
    pictures = np.stack([luma.copy() for luma in decode_luma(io.BytesIO(data))])
    frames, are_valid = read_stamps(pictures)
    assert are_valid.all()
    return frames.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("over", [frozenset(), frozenset({"state", "events", "boxes"})])
def test_an_mp4_has_the_pictures_of_its_range_also_over_a_seam(
    sound_store: Store, committed: LedgerEntry, over: frozenset[str]
):
    data = clip(sound_store, committed, ClipAsk(SEAM - 7, SEAM + 5, "mp4", over))
    assert stamps(data) == list(range(SEAM - 7, SEAM + 5))


def test_what_is_drawn_changes_the_pictures(sound_store: Store, committed: LedgerEntry):
    plain, drawn = (
        clip(sound_store, committed, ClipAsk(0, 3, "webp", frozenset(over))) for over in ((), ("state",))
    )
    assert plain != drawn


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_an_animation_has_every_third_picture_of_half_the_size(
    sound_store: Store, committed: LedgerEntry, kind: str
):
    picture = Image.open(
        io.BytesIO(clip(sound_store, committed, ClipAsk(-100, -40, kind, frozenset({"state"}))))
    )
    assert (picture.n_frames, picture.size) == (20, (320, 240))


def test_a_clip_ends_where_the_game_ends(sound_store: Store, committed: LedgerEntry):
    end = committed.chunks[-1].slp_frame_exclusive_end
    assert stamps(clip(sound_store, committed, ClipAsk(end - 4, end + 90, "mp4"))) == list(
        range(end - 4, end)
    )


def test_a_range_outside_of_the_game_fails(sound_store: Store, committed: LedgerEntry):
    with pytest.raises(NoSuchFrame, match="has no frame 100000"):
        clip(sound_store, committed, ClipAsk(100_000, 100_005, "mp4"))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ((0, 0, "mp4"), f"1 to {MOST_CLIP_FRAMES} frames, got 0"),
        ((0, MOST_CLIP_FRAMES + 1, "gif"), f"got {MOST_CLIP_FRAMES + 1}"),
        ((0, 5, "avi"), "a clip is one of mp4, webp, gif"),
        ((0, 5, "mp4", frozenset({"hats"})), "not 'hats'"),
    ],
)
def test_a_clip_that_is_none_fails(ask: tuple[object, ...], said: str):
    with pytest.raises(ValueError, match=said):
        ClipAsk(*ask)  # type: ignore[arg-type]
