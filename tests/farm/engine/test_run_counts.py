"""The counts of a run's games add up, and give its exit status and its pace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.engine.run_counts import WINDOW_SECONDS, RenderingPace, RunCounts

STATES = ("committed", "set_aside", "already_done", "left_undone", "running", "waiting")


@given(st.fixed_dictionaries({state: st.integers(0, 50) for state in STATES}))
def test_every_game_is_in_exactly_one_state(states: dict[str, int]):
    counts = RunCounts(**states)
    assert counts.num_games == sum(states.values())
    assert counts.done == states["committed"] + states["set_aside"] + states["already_done"]


@given(st.fixed_dictionaries({state: st.integers(0, 3) for state in STATES}))
def test_the_exit_status_is_2_as_long_as_a_game_has_no_ledger_entry(states: dict[str, int]):
    unfinished = states["left_undone"] + states["running"] + states["waiting"]
    assert (RunCounts(**states).exit_status == 2) == bool(unfinished)


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        (RunCounts(), 0),
        (RunCounts(committed=2), 0),
        (RunCounts(already_done=2), 0),
        (RunCounts(committed=1, set_aside=1), 1),
        (RunCounts(committed=1, waiting=1), 2),
        (RunCounts(committed=1, set_aside=1, left_undone=1), 2),
    ],
)
def test_the_exit_status_says_all_some_or_not_finished(counts: RunCounts, status: int):
    assert counts.exit_status == status


def test_before_anything_is_done_there_is_no_pace_and_no_time_left():
    pace = RenderingPace(10.0)
    assert (pace.frames_per_second, pace.seconds_left(100)) == (0.0, None)
    pace.add(20.0, 0)
    assert (pace.frames_per_second, pace.seconds_left(100)) == (0.0, None)


def test_a_clock_that_stands_still_gives_no_pace():
    pace = RenderingPace(10.0)
    pace.add(10.0, 500)
    assert pace.frames_per_second == 0.0


@given(st.floats(0.5, 500), st.lists(st.floats(0.1, 30), min_size=1, max_size=60))
def test_a_steady_pace_is_found_whenever_one_looks(rate: float, steps: list[float]):
    pace, now = RenderingPace(0.0), 0.0
    for step in steps:
        now += step
        pace.add(now, round(now * rate * 1000))
    assert pace.frames_per_second == pytest.approx(rate * 1000, rel=0.05)
    assert pace.seconds_left(5000) == pytest.approx(5000 / pace.frames_per_second)


def test_pace_forgets_what_is_older_than_ten_minutes():
    pace = RenderingPace(0.0)
    for minute in range(1, 60):
        pace.add(minute * 60.0, 0)
    for minute in range(60, 90):
        pace.add(minute * 60.0, (minute - 59) * 600)
    assert pace.frames_per_second == pytest.approx(10.0)


def test_pace_remembers_the_last_step_however_long_it_took():
    pace = RenderingPace(0.0)
    pace.add(1.0, 10)
    pace.add(1.0 + 10 * WINDOW_SECONDS, 10 + 60_000)
    assert pace.frames_per_second == pytest.approx(10.0)


def test_between_two_ends_the_pace_holds_and_the_time_left_runs_down():
    pace = RenderingPace(0.0)
    pace.add(60.0, 600)
    assert (pace.frames_per_second, pace.seconds_left(1200)) == (10.0, 120.0)
    pace.add(90.0, 600)
    assert (pace.frames_per_second, pace.seconds_left(1200)) == (10.0, 90.0)


def test_an_end_that_is_overdue_lowers_the_pace():
    pace = RenderingPace(0.0)
    pace.add(60.0, 600)
    pace.add(60.0 + 60.0 + 30.0, 600)
    assert pace.frames_per_second == pytest.approx(600 / 90)
    assert pace.seconds_left(1200) == pytest.approx(1200 / 600 * 90 - 90)
