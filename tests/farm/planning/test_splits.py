"""All games of the same pair of players are in one split."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.planning.splits import SplitRule, Traits


def traits(number: int, **changes: object) -> Traits:
    pairing = hashlib.sha256(str(number).encode()).hexdigest()[:32]
    values = {
        "pairing": pairing,
        "stage": "BATTLEFIELD",
        "characters": ("FOX", "MARTH"),
        "players": ("a1", None),
    }
    return Traits(**(values | changes))  # type: ignore[arg-type]


@given(st.integers(), st.text(max_size=5))
def test_only_the_pairing_decides(number: int, stage: str):
    rule = SplitRule(val=0.3, test=0.3)
    assert rule.split_of(traits(number)) == rule.split_of(traits(number, stage=stage, characters=("PICHU",)))


def test_fractions_are_kept():
    counts = Counter(SplitRule(val=0.1, test=0.2).split_of(traits(k)) for k in range(20_000))
    assert abs(counts["test"] / 20_000 - 0.2) < 0.01
    assert abs(counts["val"] / 20_000 - 0.1) < 0.01


def test_a_larger_test_split_holds_the_smaller_one():
    small, large = SplitRule(test=0.05, val=0), SplitRule(test=0.2, val=0)
    for k in range(2000):
        if small.split_of(traits(k)) == "test":
            assert large.split_of(traits(k)) == "test"


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("character=PICHU", {"characters": ("FOX", "PICHU")}),
        ("stage=DREAMLAND", {"stage": "DREAMLAND"}),
        ("player=b2", {"players": (None, "b2")}),
    ],
)
def test_what_is_held_out_is_the_test_split_and_nothing_else(text: str, changes: dict[str, object]):
    rule = SplitRule.chosen(hold_out=[text])
    for k in range(300):
        assert rule.split_of(traits(k, **changes)) == "test"
        assert rule.split_of(traits(k)) != "test"


@pytest.mark.parametrize(
    "text",
    ["character", "character=", "=PICHU", "colour=RED", "character=PICHUU", "stage=HYRULE"],
)
def test_a_hold_out_that_is_none_fails(text: str):
    with pytest.raises(ValueError, match=r"hold out|no playable"):
        SplitRule.chosen(hold_out=[text])


@pytest.mark.parametrize(("val", "test"), [(0.5, 0.5), (-0.1, 0.1), (1.0, 0.0)])
def test_fractions_that_leave_nothing_to_train_on_fail(val: float, test: float):
    with pytest.raises(ValueError, match="leave some for training"):
        SplitRule(val=val, test=test)


@pytest.mark.parametrize("fractions", [{"val": float("nan")}, {"test": float("nan")}])
def test_a_fraction_that_is_no_number_fails(fractions: dict[str, float]):
    with pytest.raises(ValueError, match="must be 0 or more"):
        SplitRule(**fractions)
