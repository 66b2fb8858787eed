"""MIRA's keys are made of controller inputs: thresholds, bits, and the frames that one step joins."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from manifests.exports.mira.keys import KEYS, THRESHOLD, held_keys, join_steps, key_lines
from manifests.state.views import BUTTONS
from tests.manifests.small_dataset import one_state

HELD = hnp.arrays(bool, st.tuples(st.integers(1, 40), st.just(len(KEYS))))


def test_each_player_has_sixteen_keys_of_its_own():
    assert len(set(KEYS)) == len(KEYS) == 32
    assert [key[3:] for key in KEYS[:16]] == [key[3:] for key in KEYS[16:]]
    assert {key[:3] for key in KEYS[:16]} == {"P1_"}


def test_a_button_is_held_where_its_bit_is_set():
    state, held = one_state(), held_keys(one_state())
    for player in (0, 1):
        for name in "ABXYZLR":
            bit = state.values(f"p{player}.buttons") & BUTTONS[name.lower()] != 0
            assert (held[:, KEYS.index(f"P{player + 1}_{name}")] == bit).all()
    assert held[:, :7].any()


def test_sticks_and_trigger_are_keys_beyond_the_threshold():
    state, held = one_state(), held_keys(one_state())
    for key, column, sign in (
        ("P1_UP", "p0.main_y", 1), ("P1_DOWN", "p0.main_y", -1), ("P2_LEFT", "p1.main_x", -1),
        ("P2_RIGHT", "p1.main_x", 1), ("P1_C_UP", "p0.c_y", 1), ("P2_C_LEFT", "p1.c_x", -1),
        ("P2_TRIGGER", "p1.trigger", 1),
    ):  # fmt: skip
        assert (held[:, KEYS.index(key)] == (sign * state.values(column) > THRESHOLD)).all()
    assert held[:, KEYS.index("P1_RIGHT")].any()
    assert not (held[:, KEYS.index("P1_LEFT")] & held[:, KEYS.index("P1_RIGHT")]).any()


def test_a_key_is_held_from_just_beyond_the_dead_zone_on():
    state = one_state()
    ramp = np.linspace(-1, 1, state.num_frames, dtype=np.float32)
    columns = {name: state.values(name) for name in state.names()}
    held = held_keys(dataclasses.replace(state, columns={**columns, "p0.c_x": ramp, "p1.trigger": ramp}))
    assert ramp[held[:, KEYS.index("P1_C_RIGHT")]].min() == ramp[ramp > THRESHOLD].min()
    assert ramp[held[:, KEYS.index("P1_C_LEFT")]].max() == ramp[ramp < -THRESHOLD].max()
    assert (held[:, KEYS.index("P2_TRIGGER")] == held[:, KEYS.index("P1_C_RIGHT")]).all()


@pytest.mark.slow
@given(held=HELD, frame_step=st.integers(1, 7))
def test_a_step_holds_what_any_of_its_frames_holds(held: np.ndarray, frame_step: int):
    steps = join_steps(held, frame_step)
    assert steps.shape[0] == -(-held.shape[0] // frame_step)
    for step, row in enumerate(steps):
        assert (row == held[step * frame_step : (step + 1) * frame_step].any(axis=0)).all()


@pytest.mark.slow
@given(held=HELD)
def test_a_line_a_step_names_the_keys_that_are_held(held: np.ndarray):
    lines = key_lines(held).splitlines()
    assert len(lines) == held.shape[0]
    for line, row in zip(lines, held, strict=True):
        assert json.loads(line)["keys"] == [key for key, is_held in zip(KEYS, row, strict=True) if is_held]
