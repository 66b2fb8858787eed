"""A verdict of `aligned` needs enough kinds of evidence, and the consent of all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.ledger.evidence import EVIDENCE_NAMES, Evidence
from workers.align.verdict import Verdict, decide


def says(name: str, offset: int = 0, wrong_from: int | None = None) -> Evidence:
    return Evidence(name, True, offset, 1.0, first_disagreement_slp_frame=wrong_from)


FINDINGS = st.one_of(
    st.builds(lambda: ("abstain", 0, None)),
    # Most agree: if votes were drawn evenly, hardly any game would have none against it.
    st.tuples(st.just("says"), st.sampled_from((0, 0, 0, 1, -30)), st.sampled_from((None, None, None, 40))),
)


@given(st.dictionaries(st.sampled_from(EVIDENCE_NAMES), FINDINGS))
def test_aligned_exactly_if_count_and_another_agree_and_none_disagrees(findings: dict):
    evidence = [
        Evidence.abstain(name, "x") if kind == "abstain" else says(name, offset, wrong)
        for name, (kind, offset, wrong) in findings.items()
    ]
    agreeing = {item.name for item in evidence if item.agrees}
    disagreeing = [item for item in evidence if item.available and not item.agrees]
    expected = not disagreeing and "count" in agreeing and len(agreeing) >= 2
    verdict = decide(evidence)
    assert verdict.aligned is expected
    assert verdict.evidence == tuple(evidence)
    assert all(item.name in verdict.detail for item in disagreeing)


def test_one_wrong_pair_is_enough_to_lose_it_even_if_the_offset_is_right():
    verdict = decide([says("count"), says("log"), says("stamp", 0, 512)])
    assert not verdict.aligned
    assert "512" in verdict.detail


@pytest.mark.parametrize("name", [name for name in EVIDENCE_NAMES if name != "count"])
def test_count_and_one_other_that_agree_are_enough_and_without_count_nothing_is(name: str):
    verdict = decide([says("count"), says(name)])
    assert verdict.aligned
    assert verdict.detail == f"count, {name} agree"
    others = [says(other) for other in EVIDENCE_NAMES if other != "count"]
    assert decide(others).detail == "nothing to go by: no count evidence was taken"
    assert not decide(others).aligned


def test_count_alone_is_not_enough():
    assert not decide([says("count"), Evidence.abstain("log", "few lines")]).aligned
    assert not decide([]).aligned


def test_the_same_observer_twice_fails():
    with pytest.raises(ValueError, match="speaks once"):
        decide([says("count"), says("count")])


def test_an_aligned_verdict_against_evidence_fails():
    with pytest.raises(ValueError, match="against stamp"):
        Verdict(True, (says("stamp", 1),), "no")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (("weather", True, 0, 1.0), "evidence is one of"),
        (("log", True, 0, 1.5), "from 0 to 1"),
        (("log", True, None, 1.0), "offset exactly if available"),
        (("log", False, 3, 0.0), "offset exactly if available"),
        (("log", False, None, 0.5), "abstains"),
    ],
)
def test_evidence_that_contradicts_itself_fails(fields: tuple, message: str):
    with pytest.raises(ValueError, match=message):
        Evidence(*fields)


def test_evidence_that_abstains_and_disagrees_fails():
    with pytest.raises(ValueError, match="abstains"):
        Evidence("log", False, None, 0.0, first_disagreement_slp_frame=7)


@pytest.mark.parametrize("margin", [float("inf"), float("nan")])
def test_a_margin_that_no_ledger_can_hold_fails(margin: float):
    with pytest.raises(ValueError, match="has a finite margin or none"):
        Evidence("log", True, 0, 1.0, margin=margin)


def test_evidence_reads_as_a_sentence():
    assert str(says("stamp", 1, 40)) == "stamp offset +1, wrong from slp_frame 40 ()"
    assert str(Evidence.abstain("motion", "flat")) == "motion cannot tell (flat)"
