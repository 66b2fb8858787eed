"""The hint about windows with gaps recommends settings that show more frames, or says nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.training.gaps import spread_out, warn_of_gaps
from manifests.training.windows import ChunkGrid, WindowIndex, WindowSpec


def hint(grid: ChunkGrid, spec: WindowSpec, caplog: pytest.LogCaptureFixture) -> str:
    caplog.clear()
    warn_of_gaps(WindowIndex.of(grid, spec, 1))
    return caplog.text


def test_the_hint_keeps_all_that_was_said_of_a_window_and_shows_more(caplog: pytest.LogCaptureFixture):
    grid = ChunkGrid(np.zeros(2, np.int64), np.array([900, 450]), 30)
    assert "WindowSpec(16, start='any', stride=16) shows" in hint(grid, WindowSpec(16), caplog)
    text = hint(grid, WindowSpec(8, frame_step=3, actions="any", history=1), caplog)
    call = re.search(r"WindowSpec\((.*)\) shows ([0-9.]+) %", text)
    assert call is not None
    assert call[1] == "8, frame_step=3, history=1, actions='any', start='any', stride=8"
    shown = re.search(r"show ([0-9.]+) %", text)
    assert shown is not None
    assert float(call[2]) > 90
    assert float(shown[1]) < 30


def test_the_hint_is_silent_where_nothing_shows_more(caplog: pytest.LogCaptureFixture):
    grid = ChunkGrid(np.zeros(1, np.int64), np.array([29]), 30)  # room for only one window
    assert not hint(grid, WindowSpec(8, frame_step=4), caplog)


@given(window=st.integers(1, 20), frame_step=st.integers(1, 12), start=st.integers(0, 500))
def test_windows_that_are_spread_out_have_every_frame_but_near_the_ends(
    window: int, frame_step: int, start: int
):
    spec = spread_out(WindowSpec(window, frame_step=frame_step))
    assert (spec.window, spec.frame_step, spec.start) == (window, frame_step, "any")
    frame = window * frame_step + start
    starts = frame - np.arange(window) * frame_step
    assert (starts % spec.stride == 0).any()
