"""A run's report describes what its canary measured."""

from __future__ import annotations

from datetime import date

import pytest

from farm.planning.canary_pace import canary_pace
from farm.terminal.report import TerminalReport
from tests.farm.planning.test_canary_pace import RESULT
from workers.job import RenderSettings

PACE = canary_pace(RESULT, RenderSettings("out"), "8 cores of a test", date(2026, 11, 29))


def test_a_canary_is_told_with_what_the_rest_will_take(capsys: pytest.CaptureFixture[str]):
    TerminalReport(num_slots=4).proved(PACE, 100_000, 2.0)
    told = capsys.readouterr().out
    assert "Canary: 2,000 frames committed on 8 cores of a test, drawn by llvmpipe" in told
    assert "100 frames/s, 15.0 CPU s per 1,000 frames, 2,050 B/frame." in told
    assert "At that pace 100,000 frames take 4 min 10 s on 4 slots, and 205 MB." in told


def test_json_is_not_mixed_with_it(capsys: pytest.CaptureFixture[str]):
    TerminalReport(num_slots=4, as_json=True).proved(PACE, 100_000, 2.0)
    assert capsys.readouterr().out == ""
