"""`farm view` finds the window that a name means, and draws its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.view import ClipRefused, place_of, write_clip
from manifests.errors import DatasetError
from manifests.training.dataset import WindowDataset
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec

if TYPE_CHECKING:
    from pathlib import Path

WINDOW = 9


@pytest.fixture(scope="module")
def opened(sound: Path) -> WindowDataset:
    return open_dataset(sound, window=WindowSpec(WINDOW, start="any"), as_torch=False)


@given(data=st.data())
def test_a_number_names_the_window_of_that_number(opened: WindowDataset, data: st.DataObject):
    number = data.draw(st.integers(0, len(opened) - 1))
    assert place_of(opened, str(number)) == opened.index.locate(number)


@given(data=st.data())
def test_a_game_and_a_frame_name_the_window_that_begins_there(opened: WindowDataset, data: st.DataObject):
    game = data.draw(st.integers(0, len(opened.games) - 1))
    game_id = opened.games["game_id"][game].as_py()
    slp_frame = data.draw(st.integers(-123, -123 + 90 - WINDOW))  # the window is within the first chunk
    chunk, frame_index = place_of(opened, f"{game_id[:10]}:{slp_frame}")
    assert int(opened.footage.grid.game[chunk]) == game
    assert int(opened.footage.slp_frame_start[chunk]) + frame_index == slp_frame


def test_a_window_that_would_reach_over_the_end_of_its_chunk_is_none(opened: WindowDataset):
    game_id = opened.games["game_id"][0].as_py()
    assert place_of(opened, f"{game_id}:{-123 + 90 - WINDOW}")
    with pytest.raises(ClipRefused, match=f"a frame that {WINDOW} frames follow within its chunk"):
        place_of(opened, f"{game_id}:{-123 + 90 - WINDOW + 1}")


@pytest.mark.parametrize("name", ["", ":", "-1", "1.5", ":-100", "zz:-100", "0x1"])
def test_a_name_that_is_none_fails_with_what_is(opened: WindowDataset, name: str):
    with pytest.raises(ClipRefused, match=f"give a number below {len(opened)}, or GAME:SLP_FRAME"):
        place_of(opened, name)


def test_letters_that_several_games_begin_with_name_none(opened: WindowDataset):
    with pytest.raises(ClipRefused, match="no window"):
        place_of(opened, ":-100")


@pytest.mark.parametrize("name", ["clip.avi", "clip", "clip.mp4.part"])
def test_another_kind_of_file_is_refused_before_anything_is_read(tmp_path: Path, name: str):
    with pytest.raises(ClipRefused, match=r"a clip is an \.mp4, or an animated picture"):
        write_clip("no dataset", "0", 4, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_dataset_fails(tmp_path: Path):
    with pytest.raises(DatasetError):
        write_clip(str(tmp_path), "0", 4, tmp_path / "clip.mp4")


def test_drawing_the_state_changes_the_pictures(sound: Path, tmp_path: Path):
    for name, with_state in (("drawn.mp4", True), ("plain.mp4", False)):
        assert write_clip(str(sound), "0", 6, tmp_path / name, with_state=with_state) == 6
    assert (tmp_path / "drawn.mp4").read_bytes() != (tmp_path / "plain.mp4").read_bytes()
