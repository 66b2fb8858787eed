"""The figures per frame that a canary measured, and the time that they predict for the rest of its run."""

from __future__ import annotations

from datetime import date

import pytest

from farm.planning.canary_pace import canary_pace, seconds_left
from workers.job import GameResult, RenderSettings

RESULT = GameResult(
    "0" * 64, "committed", None, "", 2000,
    video_bytes=4_000_000, states_bytes=100_000, wall_seconds=20.0, cpu_seconds=30.0,
    renderer="llvmpipe", cores=8,
)  # fmt: skip


def test_a_canarys_figures_are_per_frame():
    pace = canary_pace(RESULT, RenderSettings("out"), "8 cores of a test", date(2026, 11, 29))
    assert (pace.origin, pace.emulator, pace.game) == ("canary", "standin", "the stand-in")
    assert (pace.renderer, pace.machine, pace.measured_on) == ("llvmpipe", "8 cores of a test", "2026-11-29")
    assert pace.frames_per_second == 100.0
    assert pace.cpu_seconds_per_1000_frames == 15.0
    assert (pace.video_bytes_per_frame, pace.states_bytes_per_frame) == (2000.0, 50.0)


@pytest.mark.parametrize(("cores_per_slot", "expected"), [(2.0, 250.0), (1.5, 250.0), (0.75, 500.0)])
def test_slots_that_share_few_cores_are_slower_than_a_canary_alone(cores_per_slot: float, expected: float):
    pace = canary_pace(RESULT, RenderSettings("out"), "8 cores of a test", date(2026, 11, 29))
    assert seconds_left(100_000, pace, 4, cores_per_slot) == pytest.approx(expected)
