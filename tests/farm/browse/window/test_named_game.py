"""The first digits of a game_id name one game, or none; each frame of a game lies in one chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.browse.window.named_game import asked_frame, chunk_with_frame, game_that_begins
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.training.dataset import WindowDataset

IDS = st.lists(st.text("ab", min_size=3, max_size=6), min_size=1, max_size=12, unique=True)


@pytest.fixture(scope="module")
def opened(sound: Path) -> WindowDataset:
    return open_dataset(sound, window=WindowSpec(4, start="any"), as_torch=False)


@given(IDS, st.text("ab", max_size=6))
def test_digits_name_a_game_if_it_alone_begins_with_them(game_ids: list[str], digits: str):
    beginning = [game_id for game_id in game_ids if game_id[: len(digits)] == digits]
    if digits and len(beginning) == 1:
        assert game_ids[game_that_begins(digits, game_ids)] == beginning[0]
    else:
        with pytest.raises(ValueError, match="begins with"):
            game_that_begins(digits, game_ids)


@pytest.mark.parametrize(
    ("digits", "said"),
    [("zz", "no game_id of 3 begins with 'zz'$"), ("1f", "2 game_id of 3 .*; give more digits")],
)
def test_digits_that_name_no_game_are_refused_with_how_many_they_name(digits: str, said: str):
    with pytest.raises(ValueError, match=said):
        game_that_begins(digits, ["1f3a", "1f4b", "2f"])


@given(st.text(st.characters(exclude_characters=":"), max_size=8), st.integers(-123, 10**9 - 1))
def test_a_game_and_a_frame_are_read_as_they_are_written(digits: str, slp_frame: int):
    assert asked_frame(f"{digits}:{slp_frame}") == (digits, slp_frame)


@pytest.mark.parametrize("name", ["12", "1f3a", "1f3a:", "1f3a:x", "1f3a:1e3", "1f3a:10000000000", ""])
def test_anything_else_is_no_frame_of_a_game(name: str):
    assert asked_frame(name) is None


def test_every_frame_lies_in_the_chunk_that_begins_last_before_it(opened: WindowDataset):
    game_id = opened.games["game_id"][1].as_py()
    starts = opened.footage.slp_frame_start
    for chunk in range(len(starts)):
        if int(opened.footage.grid.game[chunk]) == 1:
            for frame_index in (0, int(opened.footage.grid.num_frames[chunk]) - 1):
                name = f"{game_id[:12]}:{int(starts[chunk]) + frame_index}"
                assert chunk_with_frame(opened, name) == (chunk, frame_index)


def test_a_frame_that_the_game_has_not_is_refused(opened: WindowDataset):
    game_id = opened.games["game_id"][0].as_py()
    with pytest.raises(ValueError, match="that game has no frame 999999"):
        chunk_with_frame(opened, f"{game_id}:999999")
