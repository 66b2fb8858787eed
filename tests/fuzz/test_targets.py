"""Each parser accepts any bytes or refuses them with a documented error; no other error is raised."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import CHANGES, NUMBERS, PLACES, Change, changed, numbered
from tests.fuzz.targets import TARGETS

BROKE = {
    "archive.zip": (12884901938,),
    "manifest games": (12884902222, 12884902308),
    "manifest chunks": (12884902025,),
    "states": (12884905185,),
    "gops": (12884902125, 12884902257, 12884902693, 12884904348),
    "address": (12884902969,),
}
"""Inputs of `tests.fuzz.run`, by their numbers, that once broke a parser."""
NUM_EXAMPLES = int(os.environ.get("FARM_FUZZ_EXAMPLES", "40"))
CHANGE = st.tuples(st.sampled_from(list(CHANGES)), st.integers(0, PLACES - 1), st.integers(0, NUMBERS - 1))


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_good_bytes_are_taken(name: str):
    for seed in TARGETS[name].seeds():
        TARGETS[name].call(seed)


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, numbers in BROKE.items() for number in numbers]
)
def test_what_broke_a_parser_once_is_taken_or_refused_in_words(name: str, number: int):
    TARGETS[name](numbered(TARGETS[name].seeds(), number))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=NUM_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(which=st.integers(0, 9), changes=st.lists(CHANGE, min_size=1, max_size=12))
def test_changed_bytes_are_taken_or_refused_in_words(name: str, which: int, changes: list[Change]):
    seeds = TARGETS[name].seeds()
    TARGETS[name](changed(seeds[which % len(seeds)], changes))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=max(NUM_EXAMPLES // 4, 1), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused_in_words(name: str, data: bytes):
    TARGETS[name](data)
