"""`--budget` takes the finest CRF at which a plan fits, or refuses the plan with the size at each CRF."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from farm.planning.rates import (
    COARSEST_CRF,
    CRF_STEP,
    FINEST_CRF,
    SPARE_SHARE,
    BudgetTooSmall,
    Rate,
    bytes_per_frame_at,
    choose_crf,
    games_to_try,
    mean_rates,
)
from manifests.ledger.plan import GameToPlan

RATES = (Rate(18, 4000.0), Rate(23, 2500.0), Rate(28, 1450.0), Rate(33, 900.0))


def game(number: int, num_frames: int) -> GameToPlan:
    game_id = hashlib.sha256(str(number).encode()).hexdigest()
    return GameToPlan(game_id, f"{number}.slp", num_frames, "train", "", ("", ""), (None, None))


def test_between_measured_crfs_the_logarithm_is_a_line():
    assert bytes_per_frame_at(RATES, 23) == pytest.approx(2500)
    assert bytes_per_frame_at(RATES, 25.5) == pytest.approx((2500 * 1450) ** 0.5)


@given(st.floats(FINEST_CRF, COARSEST_CRF), st.floats(0.1, 3))
def test_a_coarser_crf_never_costs_more(crf: float, further: float):
    assert bytes_per_frame_at(RATES, crf + further) < bytes_per_frame_at(RATES, crf)


@given(st.integers(1, 300_000_000), st.integers(1, 10**12))
def test_what_is_chosen_fits_and_the_next_finer_would_not(num_frames: int, budget: int):
    try:
        choice = choose_crf(RATES, num_frames, budget)
    except BudgetTooSmall:
        assert bytes_per_frame_at(RATES, COARSEST_CRF) * num_frames > budget * (1 - SPARE_SHARE)
        return
    assert choice.bytes_per_frame * num_frames <= budget * (1 - SPARE_SHARE)
    assume(choice.crf > FINEST_CRF)
    assert bytes_per_frame_at(RATES, choice.crf - CRF_STEP) * num_frames > budget * (1 - SPARE_SHARE)


def test_the_roadmaps_budget_gives_the_crf_that_its_bytes_per_frame_ask_for():
    choice = choose_crf(RATES, 207_000_000, 300 * 10**9)
    assert choice.crf == 29
    assert choice.bytes_per_frame < 0.95 * 300e9 / 207e6


def test_a_budget_that_is_too_small_is_refused_with_a_table():
    said = r"1,000,000 frames do not fit into 100 MB.*CRF 23: 2\.50 GB; .*larger --budget or fewer games"
    with pytest.raises(BudgetTooSmall, match=said):
        choose_crf(RATES, 1_000_000, 10**8)


def test_rates_are_means_over_frames_and_not_over_games():
    found = mean_rates([(100, {18.0: 1000, 28.0: 500}), (300, {18.0: 7000, 28.0: 700})])
    assert found == (Rate(18.0, 20.0), Rate(28.0, 3.0))


@pytest.mark.parametrize("trials", [[], [(1, {18.0: 1}), (1, {20.0: 1})]])
def test_rates_without_trials_or_of_different_crfs_are_refused(trials: list):
    with pytest.raises(ValueError, match="rates need trials"):
        mean_rates(trials)


@given(st.lists(st.integers(1, 20_000), max_size=60), st.integers(1, 9))
def test_games_are_tried_over_the_whole_range_of_lengths(lengths: list[int], count: int):
    games = [game(number, length) for number, length in enumerate(lengths)]
    tried = games_to_try(games, count)
    assert len(tried) == min(count, len(games)) == len({each.game_id for each in tried})
    if len(games) > count > 1:
        middle = sorted(lengths)[len(lengths) // 2]
        assert min(each.num_frames for each in tried) <= middle <= max(each.num_frames for each in tried)
    assert games_to_try(list(reversed(games)), count) == tried
