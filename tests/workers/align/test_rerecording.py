"""A re-recording shows from which frame on the emulated game differs from the replay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
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


def with_values(state: StateTable, name: str, values: float | np.ndarray) -> StateTable:
    """The same game with other values of one field."""
    whole = np.full(state.num_frames, values).astype(state.values(name).dtype)
    return replace(state, columns={**state.columns, name: whole})


def changed(state: StateTable, name: str, frame_index: int, by: float) -> StateTable:
    """The same game with another value in one frame and all later ones."""
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


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.integers(1, 200))
@example(kept=197)
@example(kept=198)
def test_a_recording_that_stops_early_is_a_desync_from_there_on(source: StateTable, kept: int):
    found = rerecording_evidence(source, source.slice(0, kept))
    if kept >= 198:  # the last frames may be lost when the file is closed
        assert found.agrees
    else:
        assert found.first_disagreement_slp_frame == kept - 123


def test_another_game_altogether_disagrees_from_the_first_frame(source: StateTable):
    other = renderable(read_replay(record_match(6, num_frames=200, stage=2 if source.stage != 2 else 3)))
    assert rerecording_evidence(source, other).first_disagreement_slp_frame == -123


def test_only_some_fields_can_be_asked_for(source: StateTable):
    wrong = changed(source, "p0.x", 0, 1.0)
    assert rerecording_evidence(source, wrong, only=frozenset({"main_x", "buttons"})).agrees


def test_a_game_of_other_ports_is_another_game(source: StateTable):
    found = rerecording_evidence(source, replace(source, ports=tuple(port + 1 for port in source.ports)))
    assert (found.offset_frames, found.first_disagreement_slp_frame) == (0, -123)
    assert found.detail.startswith("another game: ports")


def test_a_game_on_another_stage_is_another_game_though_nothing_else_differs(source: StateTable):
    found = rerecording_evidence(source, replace(source, stage=source.stage + 1))
    assert found.first_disagreement_slp_frame == -123


def test_a_recording_that_goes_on_longer_agrees(source: StateTable):
    assert rerecording_evidence(source.slice(0, 150), source).agrees


@pytest.mark.parametrize(
    ("value", "by", "agrees"),
    [(0.5, 0.8e-5, True), (0.5, 1.5e-5, False), (100, 8e-4, True), (100, 2e-3, False)],
)
def test_rounding_is_relative_above_one_and_absolute_below(
    source: StateTable, value: float, by: float, agrees: bool
):
    one, other = (with_values(source, "p0.x", each) for each in (value, value + by))
    assert rerecording_evidence(one, other).agrees is agrees


def test_no_number_is_another_value_than_a_number_and_the_same_as_no_number(source: StateTable):
    nowhere = with_values(source, "p0.x", np.nan)
    assert rerecording_evidence(nowhere, nowhere).agrees
    assert rerecording_evidence(source, nowhere).first_disagreement_slp_frame == -123


def test_what_one_side_does_not_know_is_not_compared(source: StateTable):
    wrong = with_values(source, "p0.x", 1e6)
    name = "p0.x"
    unknown = replace(
        wrong,
        columns={**wrong.columns, name: np.zeros(wrong.num_frames, np.float32)},
        masks={**wrong.masks, name: np.zeros(wrong.num_frames, np.bool_)},
    )
    assert rerecording_evidence(source, unknown).agrees
    assert rerecording_evidence(unknown, source).agrees


def test_the_fields_of_the_first_wrong_frame_are_named_and_the_share_of_right_frames_told(source: StateTable):
    wrong = changed(changed(source, "p0.x", 150, 1.0), "p1.action", 50, 1)
    found = rerecording_evidence(source, wrong)
    assert found.detail == (
        "50 of 200 frames came out the same; from slp_frame -73 on another game: p1.action"
    )
    assert (found.confidence, found.offset_frames) == (0.25, 0)
