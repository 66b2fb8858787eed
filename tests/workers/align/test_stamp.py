"""The stamp evidence finds every wrong pair by the numbers painted into the pictures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.align.stamp import stamp_evidence


def read(shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return shown.astype(np.int32), np.ones(shown.size, np.bool_)


@given(st.integers(1, 400), st.integers(0, 4000))
def test_a_clean_stretch_agrees(num_frames: int, start: int):
    shown = np.arange(start, start + num_frames) - 123
    found = stamp_evidence(*read(shown), start=start, is_expected=True)
    assert found.agrees
    assert found.confidence == 1.0


@given(st.integers(-30, 30).filter(bool), st.integers(50, 300))
def test_a_shift_is_the_offset(shift: int, num_frames: int):
    found = stamp_evidence(*read(np.arange(500, 500 + num_frames) - 123 + shift), start=500)
    assert found.offset_frames == shift
    assert found.first_disagreement_slp_frame == 500 - 123


@given(st.integers(2, 300), st.data())
def test_any_single_wrong_number_is_found_where_it_is(num_frames: int, data: st.DataObject):
    at = data.draw(st.integers(0, num_frames - 1))
    wrong = data.draw(st.integers(-123, 9000).filter(lambda f: f != at - 123))
    shown = np.arange(num_frames) - 123
    shown[at] = wrong
    assert stamp_evidence(*read(shown), is_expected=True).first_disagreement_slp_frame == at - 123


@given(st.integers(2, 300), st.data())
def test_an_unreadable_stamp_where_one_is_due_is_a_broken_pair(num_frames: int, data: st.DataObject):
    at = data.draw(st.integers(0, num_frames - 1))
    shown, valid = read(np.arange(num_frames) - 123)
    valid[at] = False
    assert stamp_evidence(shown, valid, is_expected=True).first_disagreement_slp_frame == at - 123


def test_black_pictures_are_no_stamps():
    black = read(np.full(600, -123))
    assert not stamp_evidence(*black).available
    found = stamp_evidence(*black, is_expected=True)
    assert found.disagrees
    assert found.first_disagreement_slp_frame == -122


def test_confidence_and_margin_are_shares_of_the_pictures():
    shown, valid = read(np.arange(10) - 123)
    assert stamp_evidence(shown, valid).margin == 1.0
    shown[:3] += 40
    found = stamp_evidence(shown, valid)
    assert (found.offset_frames, found.confidence, found.margin) == (0, 0.7, 0.4)


@pytest.mark.parametrize(("num_readable", "is_stamped"), [(49, False), (50, True)])
def test_pictures_count_as_stamped_if_half_of_the_stamps_can_be_read(num_readable: int, is_stamped: bool):
    shown, _ = read(np.arange(100) - 122)
    assert stamp_evidence(shown, np.arange(100) < num_readable).available is is_stamped


def test_pictures_without_a_stamp_are_no_evidence():
    rng = np.random.default_rng(1)
    shown = rng.integers(-123, 1 << 24, 600).astype(np.int32)
    assert not stamp_evidence(shown, rng.random(600) < 1 / 256).available
    assert not stamp_evidence(*read(np.arange(9)), is_expected=False).available


@given(st.integers(2, 300), st.data())
def test_a_picture_of_another_state_under_the_right_number_is_a_broken_pair(
    num_frames: int, data: st.DataObject
):
    at = data.draw(st.integers(0, num_frames - 1))
    shows_state = np.arange(num_frames) < at
    found = stamp_evidence(*read(np.arange(num_frames) - 123), shows_state=shows_state, is_expected=True)
    assert found.offset_frames == 0
    assert found.first_disagreement_slp_frame == at - 123
    assert f"{num_frames - at} carry the number but another state's seed" in found.detail


def test_seeds_of_another_length_fail():
    with pytest.raises(ValueError, match="shows_state"):
        stamp_evidence(*read(np.arange(4)), shows_state=np.ones(3, np.bool_))


def test_arrays_of_two_lengths_fail():
    with pytest.raises(ValueError, match=r"both \[T\]"):
        stamp_evidence(np.zeros(3, np.int32), np.ones(4, np.bool_))
