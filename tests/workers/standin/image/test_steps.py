from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.align.faults import Fault, FaultKind, schedule
from workers.standin.image import layout
from workers.standin.image.steps import faulty_steps, plain_steps

NUM_FRAMES = 40
FRAMES = np.arange(NUM_FRAMES, dtype=np.int32) - 123

faults = st.builds(
    lambda kind, at, length: Fault(kind, 0 if kind is FaultKind.SHIFT else at, length),
    st.sampled_from(list(FaultKind)),
    st.integers(0, NUM_FRAMES - 1),
    st.integers(1, 10),
)


def pictures(steps):
    return steps[steps["record"] < layout.IDLE_FIELD]


def test_a_plain_game_shows_prints_and_stamps_each_row_once():
    steps = plain_steps(FRAMES)
    assert steps["line"].tolist() == steps["stamp"].tolist() == FRAMES.tolist()
    assert steps["record"].tolist() == list(range(NUM_FRAMES))


@given(faults)
def test_lines_are_printed_as_if_nothing_had_happened(fault):
    lines = faulty_steps(FRAMES, fault, num_other=NUM_FRAMES)["line"]
    assert lines[lines != layout.NO_LINE].tolist() == FRAMES.tolist()


@given(faults)
def test_what_is_shown_is_what_the_fault_says(fault):
    shown = pictures(faulty_steps(FRAMES, fault, num_other=NUM_FRAMES))
    said = schedule(fault, NUM_FRAMES)
    num_shown = min(len(shown), NUM_FRAMES)
    assert (shown["record"] % NUM_FRAMES).tolist()[:NUM_FRAMES] == said.source.tolist()[:num_shown]
    assert (shown["record"] >= NUM_FRAMES).tolist()[:NUM_FRAMES] == said.is_other.tolist()[:num_shown]


@given(faults)
def test_a_stamp_goes_with_its_picture(fault):
    shown = pictures(faulty_steps(FRAMES, fault, num_other=NUM_FRAMES))
    assert (shown["stamp"] + 123).tolist() == (shown["record"] % NUM_FRAMES).tolist()


def test_the_other_game_holds_its_last_frame_when_it_is_shorter():
    shown = faulty_steps(FRAMES, Fault(FaultKind.DESYNC, at=5), num_other=8)["record"]
    assert shown.tolist() == [*range(5), *range(NUM_FRAMES + 5, NUM_FRAMES + 8), *[NUM_FRAMES + 7] * 32]


def test_a_desync_without_another_game_fails():
    with pytest.raises(ValueError, match="another game"):
        faulty_steps(FRAMES, Fault(FaultKind.DESYNC, at=5))
