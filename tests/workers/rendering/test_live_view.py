"""The live view of a run has each game's newest picture, and how long pictures have been black or still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from manifests.live.notes import GameNote, game_note
from manifests.store.open import open_store
from tests.manifests.video.stamp_painter import paint_stamp
from tests.stepped_clock import SteppedClock
from tests.workers.painted import painted
from workers.emulator.contract import HEIGHT, WIDTH, Picture
from workers.rendering.live_view import LiveView, live_view, small_jpeg

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store
    from workers.emulator.contract import Yuv

GAME = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "set")


def black(slp_frame: int) -> Yuv:
    """A picture that is black except for the frame stamp."""
    yuv = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    yuv[:HEIGHT] = 16
    paint_stamp(yuv[:HEIGHT], slp_frame, 0)
    return yuv


def noted(store: Store, pictures: list[Yuv], seconds_each: float = 1.0) -> GameNote:
    """The note after these pictures, one of which comes every so many seconds, each with a note."""
    clock = SteppedClock()
    view = LiveView(store, GAME, 200, 0.5, clock)
    for index, yuv in enumerate(pictures):
        clock.now += seconds_each
        view(Picture(index, yuv))
    note = game_note(store, GAME)
    assert note is not None
    return note


def test_the_first_picture_is_noted_at_once_and_the_next_after_a_while(store: Store):
    clock = SteppedClock()
    view = LiveView(store, GAME, 200, 3.0, clock)
    shown = []
    for index in range(4):
        view(Picture(index, painted(index)))
        shown.append(game_note(store, GAME).num_shown)
        clock.now += 1.5
    assert shown == [1, 1, 3, 3]


def test_a_note_says_how_fast_its_game_is_rendered(store: Store):
    assert noted(store, [painted(k) for k in range(6)], seconds_each=0.25).frames_per_second == 4.0


def test_black_pictures_are_counted_though_a_stamp_is_on_them(store: Store):
    assert noted(store, [painted(0), *(black(k) for k in range(5))]).dark_frames == 5
    assert noted(store, [black(0), painted(1)]).dark_frames == 0


def test_pictures_that_do_not_change_are_counted(store: Store):
    assert noted(store, [painted(7)] * 5).still_frames == 4
    assert noted(store, [painted(7), painted(7), painted(60)]).still_frames == 0


def test_the_small_picture_is_the_picture(store: Store):
    yuv = painted(0)
    yuv[:240] = 235  # its upper half is white
    found = cv2.imdecode(np.frombuffer(noted(store, [yuv]).picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert found.shape == (120, 160)
    assert found[:50].min() > 240
    assert found[70:100].max() < 235


def test_the_small_picture_is_small(store: Store):
    random = np.random.default_rng(0)
    noise = random.integers(16, 236, (HEIGHT * 3 // 2, WIDTH), dtype=np.uint8)
    assert len(small_jpeg(noise)) < 30_000


def test_the_note_is_gone_when_the_game_ends_however_it_ends(store: Store):
    def fails() -> None:
        with live_view(store, GAME, 200, 3.0) as watch:
            watch(Picture(0, painted(0)))
            assert game_note(store, GAME) is not None
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert list(store.list()) == []


def test_nothing_is_noted_where_nobody_asks(store: Store):
    with live_view(store, GAME, 200, 0.0) as watch:
        watch(Picture(0, painted(0)))
        assert list(store.list()) == []


def test_a_store_that_takes_no_note_disturbs_nothing(store: Store, tmp_path: Path):
    (tmp_path / "set").mkdir(exist_ok=True)
    (tmp_path / "set" / "live").write_text("in the way")
    with live_view(store, GAME, 200, 3.0) as watch:
        watch(Picture(0, painted(0)))
