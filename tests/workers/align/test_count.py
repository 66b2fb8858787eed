"""Lost and doubled pictures change the number of pictures before the last frame is held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.align.count import count_before_hold, count_between_lines, pictures_between_lines

TAIL = 8


def repeats(shown: list[int]) -> np.ndarray:
    """Which pictures equal the one before them, in a stream that shows these frames."""
    frames = np.array(shown)
    return np.concatenate([[False], frames[1:] == frames[:-1]])


def stream(num_frames: int) -> list[int]:
    return [*range(num_frames), *[num_frames - 1] * TAIL]


@given(st.integers(1, 500))
def test_a_clean_game_agrees(num_frames: int):
    assert count_before_hold(repeats(stream(num_frames)), num_frames).agrees


@pytest.mark.slow
@given(st.integers(30, 300), st.data())
def test_lost_pictures_are_counted(num_frames: int, data: st.DataObject):
    lost = data.draw(st.sets(st.integers(0, num_frames - 2), min_size=1, max_size=20))
    shown = [f for k, f in enumerate(stream(num_frames)) if k not in lost]
    found = count_before_hold(repeats(shown), num_frames)
    assert found.offset_frames == len(lost)


@given(st.integers(30, 300), st.data())
def test_a_doubled_picture_is_seen_where_it_is(num_frames: int, data: st.DataObject):
    at, times = data.draw(st.integers(0, num_frames - 2)), data.draw(st.integers(1, TAIL - 1))
    shown = stream(num_frames)
    shown[at:at] = [shown[at]] * times
    found = count_before_hold(repeats(shown), num_frames)
    assert found.offset_frames == -times
    assert found.first_disagreement_slp_frame == at + 1 - 123


def test_a_freeze_that_ends_in_time_is_seen_although_the_count_is_right():
    shown = stream(100)
    shown[40:45] = [40] * 5
    found = count_before_hold(repeats(shown), 100)
    assert found.offset_frames == 0
    assert found.first_disagreement_slp_frame == 41 - 123


def test_a_game_whose_last_frames_all_look_the_same_agrees():
    shown = [min(k, 94) for k in range(108)]
    expects_change = np.arange(100) < 95
    assert count_before_hold(repeats(shown), 100, expects_change).agrees
    assert not count_before_hold(repeats(shown), 100).agrees


def test_losing_the_last_picture_breaks_no_pair_since_the_hold_shows_the_same():
    shown = stream(50)
    del shown[49]
    assert count_before_hold(repeats(shown), 50).agrees


@pytest.mark.parametrize("num_pictures", [60, 100, 130])
def test_no_hold_at_all_never_agrees(num_pictures: int):
    assert not count_before_hold(repeats(list(range(num_pictures))), 100).agrees


def test_between_lines_the_difference_is_the_offset():
    assert count_between_lines(100, 100).agrees
    assert count_between_lines(98, 100).offset_frames == 2


def test_an_expectation_of_another_length_fails():
    with pytest.raises(ValueError, match="expects_change"):
        count_before_hold(repeats(stream(10)), 10, np.ones(9, np.bool_))


def lines_of(num_frames: int, num_lost: int = 0, late: frozenset[int] = frozenset()) -> np.ndarray:
    """Slippi's lines: the newest picture is two behind the frame asked for; some are lost in the middle."""
    k = np.arange(num_frames)
    newest = k - 2 - np.where(k > num_frames // 2, num_lost, 0) - np.isin(k, list(late))
    return np.stack([k - 123, newest], axis=1)


@given(st.integers(1, 500), st.frozensets(st.integers(0, 20), max_size=3))
def test_the_lines_count_a_clean_game_right_although_some_are_late(num_frames: int, late: frozenset[int]):
    assert (
        pictures_between_lines(lines_of(num_frames, late=late if num_frames > 10 else frozenset()))
        == num_frames
    )


@given(st.integers(200, 500), st.integers(1, 30))
def test_the_lines_count_lost_pictures(num_frames: int, num_lost: int):
    assert pictures_between_lines(lines_of(num_frames, num_lost)) == num_frames - num_lost


def test_a_game_whose_lines_end_early_is_counted_short():
    assert pictures_between_lines(lines_of(300)[:250]) == 250
