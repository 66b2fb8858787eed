"""Predicted and measured motion are compared at every lag, and the best lag leads by a known margin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.align.motion.correlation import decorrelate, lag_curve, lag_products, row_noise, whiten
from workers.align.thresholds import MOTION

SEEDS = st.integers(0, 2**32 - 1)


def noise(seed: int, num_frames: int, num_rows: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(num_rows, num_frames)).astype(np.float32)


@given(SEEDS, st.integers(1, 60), st.sampled_from([1e-3, 1, 1e3]))
def test_whitening_leaves_what_stands_above_the_moving_mean(seed: int, num_frames: int, scale: float):
    """Values are in standard deviations, clipped; the mean is over 15 frames, and each end is repeated."""
    rows = noise(seed, num_frames) * np.float32(scale)
    rows[0, num_frames // 2] += 30 * scale
    expected = []
    for row in rows.astype(np.float64):
        around = [[row[min(max(k + d, 0), num_frames - 1)] for d in range(-7, 8)] for k in range(num_frames)]
        fast = row - np.mean(around, axis=1)
        expected.append(np.clip(fast / fast.std(), -4, 4) if fast.std() > 1e-9 else fast * 0)
    assert whiten(rows) == pytest.approx(np.array(expected), abs=1e-3)


@given(SEEDS, st.integers(0, 12), st.integers(0, 12))
def test_the_products_of_a_lag_pair_each_picture_with_the_frame_so_much_later(
    seed: int, num_frames: int, num_pictures: int
):
    predicted, measured = noise(seed, num_frames), noise(seed + 1, num_pictures)
    lags = np.arange(-4, 5)
    expected = [
        [
            float(predicted[:, k + lag] @ measured[:, k]) if 0 <= k + lag < num_frames else 0.0
            for k in range(num_pictures)
        ]
        for lag in lags.tolist()
    ]
    found = lag_products(predicted, measured, lags)
    assert found.shape == (9, num_pictures)
    assert found == pytest.approx(np.array(expected).reshape(9, num_pictures), abs=1e-5)


def test_a_picture_without_its_fighter_is_missing_and_not_quiet():
    measured = np.array([[2, 0, 0, 4], [0, 0, 0, 0]], np.float32)
    assert row_noise(measured, np.ones_like(measured)).tolist() == [(1 + 9) / 2, 0.0]


@pytest.mark.parametrize("kept", [0.9, -0.9], ids=["drifting", "blinking"])
def test_the_noise_of_neighbouring_pictures_becomes_independent(kept: float):
    steps = noise(1, 4000, 1)[0]
    row = np.zeros(4000, np.float32)
    for k in range(1, 4000):
        row[k] = kept * row[k - 1] + steps[k]
    _, left = decorrelate(row[None], row[None])
    assert abs(np.corrcoef(left[0, 1:], left[0, :-1])[0, 1]) < 0.1


def test_both_sides_go_through_one_filter_so_that_what_matched_still_does():
    rows = np.cumsum(noise(2, 300), axis=1)
    predicted, measured = decorrelate(rows, rows)
    assert (predicted == measured).all()


def test_decorrelated_rows_have_unit_deviation_where_the_fighter_is_seen_and_nothing_elsewhere():
    rows = noise(3, 300) * 5
    rows[:, 100:220] = 0
    left, _ = decorrelate(rows, rows, replace(MOTION, bound_deviations=1e9))
    assert not left[:, 100:220].any()
    assert np.square(left).sum(axis=1) / 180 == pytest.approx([1, 1], rel=1e-4)


def test_decorrelated_rows_are_clipped_at_two_deviations():
    left, _ = decorrelate(noise(3, 300), noise(3, 300))
    assert (left.min(), left.max()) == (-2, 2)


def test_a_row_of_one_value_is_continued_before_its_beginning():
    """Else the filter would see a jump before the first picture."""
    left, _ = decorrelate(np.full((1, 300), 3, np.float32), noise(4, 300, 1))
    assert left[0] == pytest.approx(np.ones(300), abs=1e-4)


def impulse(num_frames: int, place: int) -> np.ndarray:
    row = np.zeros((1, num_frames), np.float32)
    row[0, place] = 1
    return row


def seen_impulse(num_frames: int, place: int) -> np.ndarray:
    """Motion of -1 everywhere except an impulse of 3, and 1 two pictures later."""
    row = np.full((1, num_frames), -1, np.float32)
    row[0, place], row[0, place + 2] = 3, 1
    return row


@pytest.mark.parametrize("lag", [-20, 0, 20])
def test_the_margin_is_in_standard_errors_of_the_difference_of_two_lags(lag: int):
    curve = lag_curve(impulse(200, 80 + lag), seen_impulse(200, 80))
    assert (curve.best_lag, curve.runner_up_lag) == (lag, lag - 2)
    # The best lag leaves 1 in each of 199 pictures, and 0 in one; the lags differ in two frames.
    assert curve.margin == pytest.approx((3 - 1) / np.sqrt(2 * 199 / 200), rel=1e-4)


@pytest.mark.parametrize("lag", [-20, 0, 20])
def test_the_correlation_is_one_for_what_is_as_predicted(lag: int):
    rows = noise(5, 400)
    curve = lag_curve(rows, np.roll(rows, -lag, axis=1) * 7)
    assert curve.at(lag) == pytest.approx(1, abs=0.1)
    assert np.abs(np.delete(curve.correlation, lag + 30)).max() < 0.3
    assert curve.lags.tolist() == list(range(-30, 31))


@pytest.mark.parametrize("lag", [-20, 0, 20])
@pytest.mark.parametrize(("num_shown", "can_tell"), [(99, False), (100, True)])
def test_a_hundred_pictures_must_show_a_frame_of_the_game(lag: int, num_shown: int, can_tell: bool):
    num_frames = num_shown + abs(lag)
    curve = lag_curve(impulse(num_frames, 40 + lag), seen_impulse(num_frames, 40))
    assert curve.best_lag == lag
    assert (curve.margin > 0) is can_tell


def test_frames_beyond_the_pictures_and_pictures_beyond_the_frames_show_nothing():
    for num_frames, num_pictures in ((300, 120), (120, 300)):
        curve = lag_curve(impulse(num_frames, 60), seen_impulse(num_pictures, 60))
        assert (curve.best_lag, curve.margin > 1) == (0, True)


def test_lags_that_predict_the_same_have_no_margin_though_what_they_predict_is_seen():
    curve = lag_curve(np.ones((1, 400), np.float32), np.ones((1, 200), np.float32))
    assert curve.correlation.max() > 0
    assert curve.margin == 0


def test_no_pictures_have_no_margin():
    curve = lag_curve(noise(6, 300), noise(6, 0))
    assert (curve.margin, curve.correlation.any()) == (0, False)


def test_what_is_seen_as_the_opposite_of_what_is_predicted_has_no_gain():
    """A negative gain would count motion that disagrees as explained, and make the noise too small."""
    curve = lag_curve(impulse(200, 80), -np.ones((1, 200), np.float32))
    assert curve.margin == 0
