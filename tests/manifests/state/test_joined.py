"""State tables that were cut apart are joined again into the same table."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.state.joined import joined
from tests.manifests.state.conftest import MakeState


@pytest.mark.slow
@given(cuts=st.sets(st.integers(1, 59), max_size=5), seed=st.integers(0, 3))
def test_a_table_that_was_cut_is_itself_again(make_state: MakeState, cuts: set[int], seed: int):
    whole = make_state(60, seed=seed)
    edges = [0, *sorted(cuts), 60]
    parts = [whole.slice(start, end) for start, end in itertools.pairwise(edges)]
    assert joined(parts).sha256 == whole.sha256


def test_parts_with_a_gap_between_them_are_refused(make_state: MakeState):
    whole = make_state(60)
    with pytest.raises(ValueError, match="not consecutive"):
        joined([whole.slice(0, 20), whole.slice(21, 60)])


def test_no_parts_and_parts_of_two_games_are_refused(make_state: MakeState):
    with pytest.raises(ValueError, match="at least one"):
        joined([])
    with pytest.raises(ValueError, match="of one game"):
        joined([make_state(9), make_state(9, num_players=3)])
