"""Windows per second are computed from the right counts and times."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.bench._window_times import WindowTimes, alternated, median_of, timed
from farm.bench.loader import _chosen

TIMES = st.floats(0.01, 1000)


def times(cpu_seconds: float, wall_seconds: float = 1.0) -> WindowTimes:
    return WindowTimes(10, 160, cpu_seconds, wall_seconds)


@given(st.integers(1, 10_000), st.integers(1, 500), TIMES, TIMES)
def test_windows_are_by_the_clock_and_frames_by_the_processor(
    windows: int, frames_each: int, cpu: float, wall: float
):
    figures = WindowTimes(windows, windows * frames_each, cpu, wall).figures()
    assert figures["windows"] == windows
    assert figures["windows_per_second"] == pytest.approx(windows / wall, abs=0.051)
    assert figures["frames_per_core_second"] == pytest.approx(windows * frames_each / cpu, abs=0.051)


def test_a_job_says_how_many_frames_it_read():
    found = timed(lambda: 48, 3)
    assert (found.windows, found.frames) == (3, 48)
    assert found.wall_seconds >= 0
    assert found.cpu_seconds >= 0


def test_an_error_of_the_job_is_no_time():
    def fail() -> int:
        message = "the job's own"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="the job's own"):
        timed(fail, 3)


def test_jobs_take_turns_after_a_round_that_does_not_count():
    turns: list[str] = []
    paces = alternated({"a": lambda: turns.append("a") or 1, "b": lambda: turns.append("b") or 2}, 7)
    assert "".join(turns) == "ab" + "ab" * 3
    assert {name: [pace.frames for pace in rounds] for name, rounds in paces.items()} == {
        "a": [1, 1, 1],
        "b": [2, 2, 2],
    }


@given(st.lists(TIMES, min_size=1, max_size=9).filter(lambda rounds: len(rounds) % 2))
def test_the_round_in_the_middle_counts(rounds: list[float]):
    assert median_of([times(each) for each in rounds]).cpu_seconds == sorted(rounds)[len(rounds) // 2]


def test_the_same_windows_are_drawn_each_time():
    assert _chosen(1000, 20) == _chosen(1000, 20)
    assert set(_chosen(3, 100)) == {0, 1, 2}
