"""Where every picture says which frame it shows, the log evidence is exact, picture by picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.align.painted_game import state_of
from workers.align.collector import EvidenceCollector
from workers.align.faults import Fault, FaultKind, schedule
from workers.align.log import asked_evidence
from workers.emulator.contract import LogLine, Picture

KINDS = st.sampled_from([kind for kind in FaultKind if kind not in {FaultKind.DESYNC, FaultKind.SHIFT}])


def clean(num_frames: int) -> np.ndarray:
    return np.arange(num_frames) - 123


@given(st.integers(1, 5000), st.integers(0, 20000))
def test_a_clean_stretch_agrees_wherever_it_begins_and_however_short_it_is(num_frames: int, start: int):
    assert asked_evidence(clean(num_frames) + start, start=start).agrees


@pytest.mark.slow
@given(st.integers(2, 2000), KINDS, st.integers(1, 30), st.data())
def test_a_fault_is_seen_at_the_very_picture(num_frames, kind, length, data):
    at = data.draw(st.integers(0, num_frames - 2))
    shown = clean(num_frames)[schedule(Fault(kind, at, length), num_frames).source]
    found = asked_evidence(shown)
    wrong = np.flatnonzero(shown != clean(num_frames))
    assert found.disagrees
    assert found.first_disagreement_slp_frame == wrong[0] - 123


@given(st.integers(1, 240), st.integers(0, 2000))
def test_a_frame_lost_and_another_doubled_soon_after_is_seen(gap: int, at: int):
    """The count is right again after `gap` pictures, so only the pictures' own frames show the fault."""
    said = clean(2400)
    said[at : at + gap] += 1
    found = asked_evidence(said)
    assert found.disagrees
    assert found.first_disagreement_slp_frame == at - 123
    assert found.offset_frames == 0


@given(st.integers(-30, 30).filter(bool))
def test_a_shift_throughout_is_an_offset_of_full_confidence(shift: int):
    found = asked_evidence(clean(900) + shift)
    assert (found.offset_frames, found.confidence, found.first_disagreement_slp_frame) == (shift, 1.0, -123)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ([-123, -122, -122, -121], "slp_frame -122 was shown twice"),
        ([-123, -122, -120, -119], "after slp_frame -122 came -120"),
        ([-123, -122, -123, -120], "slp_frame -123 was asked for again after -122"),
        ([-122, -121, -120, -119], "the first says -122"),
    ],
)
def test_what_happened_is_said(said: list[int], what: str):
    assert what in asked_evidence(np.array(said)).detail


def test_confidence_and_margin_are_shares_of_the_pictures():
    said = clean(10)
    said[:3] += 1
    found = asked_evidence(said)
    assert (found.confidence, found.margin) == (0.7, 0.4)
    assert asked_evidence(clean(10)).margin == 1.0


def test_no_pictures_cannot_tell():
    assert not asked_evidence(np.zeros(0, np.int64)).available


def seen(asked: list[int | None]) -> EvidenceCollector:
    """The notes on a painted game whose pictures say these frames; its lines come late, many at once."""
    collector = EvidenceCollector(has_stamp=False, holds_last=False)
    for index, slp_frame in enumerate(asked):
        grey = np.full((720, 640), 16 + index % 200, np.uint8)
        collector.picture(Picture(index, grey, slp_frame))
        if index % 5 == 4:
            for line in range(index - 4, index + 1):
                collector.log(LogLine(index, f"[CURRENT_FRAME] {line - 123}"))
    return collector


def evidence_of(asked: list[int | None], name: str):
    state = state_of(7, 50)
    return {item.name: item for item in seen(asked).finish(state)}[name]


TAIL = [-73] * 8  # frame 50 was asked for, and its picture is missing


def test_a_game_whose_pictures_say_their_frames_is_judged_by_them_and_not_by_the_lines():
    found = evidence_of([*range(-123, -73), *TAIL], "log")
    assert found.agrees
    assert found.detail.startswith("50 of 50 pictures")


@pytest.mark.slow
def test_the_count_is_of_pictures_that_say_frames_of_the_game():
    assert evidence_of([*range(-123, -73), *TAIL], "count").agrees
    twice = [*range(-123, -100), -101, *range(-100, -73), *TAIL[1:]]
    assert evidence_of(twice, "count").disagrees


def test_one_picture_that_says_nothing_among_others_is_a_disagreement():
    asked = [*range(-123, -73), *TAIL]
    found = evidence_of([*asked[:20], None, *asked[21:]], "log")
    assert found.first_disagreement_slp_frame == 20 - 123
    assert "one says none" in found.detail


def test_pictures_that_all_say_nothing_are_judged_by_the_lines():
    found = evidence_of([None] * 58, "log")
    assert not found.available
    assert "lines" in found.detail
