"""The log's lines jitter against the pictures; what counts is where the most frequent lag stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.align.log import log_evidence

USUAL = -3
SEEDS = st.integers(0, 2**32 - 1)


def lines(num_frames: int, seed: int, on_time: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Lines of a clean game whose lag is the usual one in `on_time` of them, as measured on the stand-in."""
    rng = np.random.default_rng(seed)
    jitter = np.where(rng.random(num_frames) < on_time, 0, rng.integers(-4, 5, num_frames))
    slp_frame = np.arange(num_frames) - 123
    newest = np.maximum.accumulate(slp_frame + 123 + USUAL + jitter)
    return slp_frame, np.clip(newest, -1, None)


@given(st.integers(240, 9000), SEEDS)
def test_a_clean_game_agrees_in_spite_of_jitter(num_frames: int, seed: int):
    assert log_evidence(*lines(num_frames, seed), expected_lag=USUAL).agrees


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
