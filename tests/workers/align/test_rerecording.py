"""A re-recording shows from which frame on the emulated game was another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manifests.state.table import StateTable
from workers.align.rerecording import rerecording_evidence
from workers.align.verdict import decide
from workers.replay import read_replay
from workers.replay.renderable import renderable
from workers.standin.recorder import record_match


@pytest.fixture(scope="module")
def source() -> StateTable:
    return renderable(read_replay(record_match(5, num_frames=200)))


def changed(state: StateTable, name: str, frame_index: int, by: float) -> StateTable:
    """The same game, but for one value of one frame and all after it."""
    values = state.values(name).copy()
    values[frame_index:] += np.asarray(by).astype(values.dtype)
    values.setflags(write=False)
    return replace(state, columns={**state.columns, name: values})


def test_the_same_game_agrees(source: StateTable):
    found = rerecording_evidence(source, source)
    assert found.agrees
    assert found.confidence == 1.0
    assert found.first_disagreement_slp_frame is None


def test_an_emulator_that_records_nothing_abstains(source: StateTable):
    assert not rerecording_evidence(source, None).available


@pytest.mark.parametrize(
    ("name", "by"), [("p0.x", 0.1), ("p1.action", 1), ("p1.percent", 1), ("p0.stocks", 1)]
)
@pytest.mark.parametrize("frame_index", [0, 1, 77, 199])
def test_a_desync_is_found_at_its_first_frame(source: StateTable, name: str, by: float, frame_index: int):
    found = rerecording_evidence(source, changed(source, name, frame_index, by))
    assert found.first_disagreement_slp_frame == frame_index - 123
    assert name in found.detail
    assert not decide([found]).aligned


def test_rounding_is_no_desync(source: StateTable):
    assert rerecording_evidence(source, changed(source, "p0.x", 10, 5e-6)).agrees


def test_what_a_playback_cannot_know_is_not_compared(source: StateTable):
    assert rerecording_evidence(source, changed(source, "p0.buttons_phys", 0, 1)).agrees


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.integers(1, 200))
def test_a_recording_that_stops_early_is_a_desync_from_there_on(source: StateTable, kept: int):
    found = rerecording_evidence(source, source.slice(0, kept))
    if kept >= 198:  # closing the file may cost the last ones
        assert found.agrees
    else:
        assert found.first_disagreement_slp_frame == kept - 123


def test_another_game_altogether_disagrees_from_the_first_frame(source: StateTable):
    other = renderable(read_replay(record_match(6, num_frames=200, stage=2 if source.stage != 2 else 3)))
    assert rerecording_evidence(source, other).first_disagreement_slp_frame == -123


def test_only_some_fields_can_be_asked_for(source: StateTable):
    wrong = changed(source, "p0.x", 0, 1.0)
    assert rerecording_evidence(source, wrong, only=frozenset({"main_x", "buttons"})).agrees
