"""The alignment bench's answer for each observer, and the first pair that a fault breaks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.bench._trials import VERDICT, WITHOUT_STAMP, _answers, _first_broken, _shifted
from manifests.ledger.evidence import Evidence
from workers.align.faults import Fault, FaultKind, schedule
from workers.align.motion.flow_maps import FlowMaps

NUM_FRAMES = 100


def says(name: str, offset: int | None, first: int | None = None) -> Evidence:
    return Evidence(
        name, offset is not None, offset, 0.0 if offset is None else 1.0, first_disagreement_slp_frame=first
    )


def answers(*evidence: Evidence, first_broken: int | None = None) -> dict[str, tuple[str, int | None]]:
    trials = _answers("drop", "at 20", evidence, first_broken)
    return {trial.observer: (trial.answer, trial.late_frames) for trial in trials}


def test_evidence_agrees_disagrees_or_abstains():
    found = answers(says("count", 0), says("log", 2), says("motion", None))
    assert [found[name][0] for name in ("count", "log", "motion")] == ["agrees", "disagrees", "abstains"]


def test_how_late_a_fault_is_noticed_is_in_frames_behind_the_first_broken_pair():
    assert answers(says("log", 2, first=-103), first_broken=15)["log"] == ("disagrees", 5)
    assert answers(says("log", 2, first=-103))["log"] == ("disagrees", None)
    assert answers(says("log", 2), first_broken=15)["log"] == ("disagrees", None)


def test_the_verdict_without_the_stamp_does_not_hear_it():
    found = answers(says("stamp", 3), says("motion", 0))
    assert found[VERDICT][0] == "disagrees"
    assert found[WITHOUT_STAMP][0] == "agrees"


@pytest.mark.parametrize(
    ("fault", "first"),
    [
        (Fault(FaultKind.DROP, 20, 3), 20),
        (Fault(FaultKind.REPEAT, 20, 2), 20),
        (Fault(FaultKind.SWAP, 20), 20),
        (Fault(FaultKind.SHIFT, 0, 4), 0),
        (Fault(FaultKind.DESYNC, 20), 20),
    ],
)
def test_a_fault_breaks_the_first_pair_near_where_it_is(fault: Fault, first: int):
    broken = _first_broken(schedule(fault, NUM_FRAMES), NUM_FRAMES)
    assert broken is not None
    assert first <= broken <= first + 1


def test_a_fault_after_the_last_frame_breaks_none():
    assert _first_broken(schedule(Fault(FaultKind.SWAP, 90), NUM_FRAMES), 50) is None


def numbered(num_pictures: int) -> FlowMaps:
    """Optical flow whose every value is its picture's number, from 1; that of a still picture is 0."""
    still = FlowMaps.still(num_pictures)
    numbers = np.arange(1, num_pictures + 1)
    strength = np.zeros_like(still.strength) + numbers.reshape(-1, *[1] * (still.strength.ndim - 1))
    return FlowMaps(still.right, still.down, strength.astype(still.strength.dtype), still.onward)


@given(st.integers(-30, 30), st.integers(0, 20), st.integers(1, 20))
def test_a_shifted_stretch_shows_the_rows_that_far_on_and_nothing_beyond_the_ends(
    shift: int, start: int, length: int
):
    maps = _shifted(numbered(40), start, start + length, shift)
    shown = maps.strength.reshape(length, -1)[:, 0].tolist()
    assert shown == [k + shift + 1 if 0 <= k + shift < 40 else 0 for k in range(start, start + length)]
