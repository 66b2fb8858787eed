"""The log's lines jitter against the pictures; the log evidence goes by the most frequent lag."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.align.log import log_evidence, usual_lag

USUAL = -3
SEEDS = st.integers(0, 2**32 - 1)


def lines(num_frames: int, seed: int, on_time: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Lines of a clean game, a share `on_time` of which has the usual lag, as measured on the stand-in."""
    rng = np.random.default_rng(seed)
    jitter = np.where(rng.random(num_frames) < on_time, 0, rng.integers(-4, 5, num_frames))
    slp_frame = np.arange(num_frames) - 123
    newest = np.maximum.accumulate(slp_frame + 123 + USUAL + jitter)
    return slp_frame, np.clip(newest, -1, None)


@given(st.integers(240, 9000), SEEDS)
def test_a_clean_game_agrees_in_spite_of_jitter(num_frames: int, seed: int):
    assert log_evidence(*lines(num_frames, seed), expected_lag=USUAL).agrees


@pytest.mark.slow
@given(st.integers(240, 5000), st.integers(-30, 30).filter(bool), SEEDS)
def test_a_shifted_game_has_its_offset(num_frames: int, shift: int, seed: int):
    slp_frame, newest = lines(num_frames, seed)
    found = log_evidence(slp_frame, newest + shift, expected_lag=USUAL)
    assert found.offset_frames == -shift


@given(st.integers(2400, 9000), st.sampled_from([-3, -2, -1, 1, 2, 3]), SEEDS, st.data())
def test_pictures_lost_or_doubled_on_the_way_are_noticed_from_there_on(
    num_frames: int, shift: int, seed: int, data: st.DataObject
):
    at = data.draw(st.integers(0, num_frames - 1000))
    slp_frame, newest = lines(num_frames, seed)
    newest = newest + np.where(np.arange(num_frames) >= at, shift, 0)
    found = log_evidence(slp_frame, newest, expected_lag=USUAL)
    assert found.disagrees
    if at >= 240 and found.first_disagreement_slp_frame is not None:
        assert abs(found.first_disagreement_slp_frame + 123 - at) <= 480


def test_a_window_delayed_by_a_busy_machine_is_jitter():
    slp_frame, newest = lines(4800, 3)
    newest[1200:1440] -= 2
    assert log_evidence(slp_frame, newest, expected_lag=USUAL).agrees


def test_lines_without_a_favourite_cannot_tell():
    rng = np.random.default_rng(4)
    slp_frame = np.arange(4800) - 123
    newest = slp_frame + 123 + rng.integers(-6, 1, 4800)
    assert not log_evidence(slp_frame, newest, expected_lag=USUAL).available


def test_too_few_lines_cannot_tell():
    assert not log_evidence(*lines(200, 0), expected_lag=USUAL).available


def test_a_frame_the_game_left_out_is_seen_where_it_is():
    slp_frame, newest = lines(2400, 5)
    found = log_evidence(np.delete(slp_frame, 700), np.delete(newest, 700), expected_lag=USUAL)
    assert found.first_disagreement_slp_frame == 701 - 123


def test_a_line_printed_twice_while_the_game_waits_is_no_gap():
    slp_frame, newest = lines(2400, 5)
    assert log_evidence(
        np.insert(slp_frame, 700, slp_frame[700]), np.insert(newest, 700, newest[700]), expected_lag=USUAL
    ).agrees


def test_arrays_of_two_lengths_fail():
    with pytest.raises(ValueError, match=r"both are \[M\]"):
        log_evidence(np.arange(3), np.arange(4), expected_lag=0)


def steady(num_lines: int) -> tuple[np.ndarray, np.ndarray]:
    """Lines that all have the usual lag."""
    slp_frame = np.arange(num_lines) - 123
    return slp_frame, slp_frame + 123 + USUAL


def late_from(place: int, exclusive_end: int, num_lines: int, by: int = 2) -> tuple[np.ndarray, np.ndarray]:
    slp_frame, newest = steady(num_lines)
    newest[place:exclusive_end] += by
    return slp_frame, newest


def test_a_steady_lag_that_nobody_measured_says_nothing():
    found = log_evidence(*steady(960), expected_lag=None)
    assert not found.available
    assert "lag -3 throughout" in found.detail


def test_without_a_measured_lag_a_game_is_compared_with_its_own_beginning():
    found = log_evidence(*late_from(480, 1440, 1440), expected_lag=None)
    assert (found.disagrees, found.offset_frames) == (True, -2)
    assert found.first_disagreement_slp_frame == 480 - 123


def test_pictures_of_before_the_game_are_not_counted():
    slp_frame, newest = steady(480)
    assert log_evidence(slp_frame, newest + 7, expected_lag=USUAL, first_capture_index=7).agrees


def test_one_odd_window_at_the_end_is_jitter():
    assert log_evidence(*late_from(1200, 1440, 1440), expected_lag=USUAL).agrees


def test_two_odd_windows_at_the_end_are_a_shift_from_the_first_on():
    found = log_evidence(*late_from(960, 1440, 1440), expected_lag=USUAL)
    assert found.first_disagreement_slp_frame == 960 - 123


def test_one_odd_window_is_a_shift_if_it_is_all_there_is():
    found = log_evidence(*late_from(0, 300, 300), expected_lag=USUAL)
    assert found.first_disagreement_slp_frame == -123


@pytest.mark.parametrize(("num_lines", "num_windows"), [(240, 1), (479, 1), (480, 2), (719, 2), (720, 3)])
def test_the_last_window_takes_the_remainder(num_lines: int, num_windows: int):
    found = log_evidence(*steady(num_lines), expected_lag=USUAL)
    assert found.detail.startswith(f"lag -3 in {num_windows} of {num_windows} windows")


def test_the_margin_is_by_how_much_the_most_frequent_lag_leads():
    slp_frame, newest = steady(240)
    assert log_evidence(slp_frame, newest, expected_lag=USUAL).margin == 1.0
    newest[:48] += 1
    assert log_evidence(slp_frame, newest, expected_lag=USUAL).margin == pytest.approx(0.8 - 0.2)


@pytest.mark.parametrize(("num_unclear", "can_tell"), [(2, True), (3, False)])
def test_half_of_the_windows_must_have_a_clear_lag(num_unclear: int, can_tell: bool):
    slp_frame, newest = steady(960)
    newest[: 240 * num_unclear] += np.arange(240 * num_unclear) % 3
    found = log_evidence(slp_frame, newest, expected_lag=USUAL)
    assert found.available is can_tell
    assert found.confidence == (0.5 if can_tell else 0.0)


@pytest.mark.parametrize(("num_odd", "can_tell"), [(120, True), (121, False)])
def test_half_of_a_windows_lines_make_a_clear_lag(num_odd: int, can_tell: bool):
    slp_frame, newest = steady(240)
    newest[:num_odd] += 1 + np.arange(num_odd) % 60
    assert log_evidence(slp_frame, newest, expected_lag=USUAL).available is can_tell


def test_a_frame_that_the_game_goes_back_to_is_a_gap():
    slp_frame, newest = steady(480)
    slp_frame[300:] -= 2
    assert log_evidence(slp_frame, newest, expected_lag=USUAL).first_disagreement_slp_frame == 298 - 123


def test_the_usual_lag_is_the_most_frequent_one_with_its_share():
    slp_frame, newest = steady(100)
    newest[:25] += 1
    assert usual_lag(slp_frame, newest) == (USUAL, 0.75)
    assert usual_lag(slp_frame[:0], newest[:0]) is None
