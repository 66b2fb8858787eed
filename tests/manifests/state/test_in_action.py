"""The number of frames for which an action has lasted is a whole number, counted over the whole game."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.state.derived import derive
from tests.manifests.small_dataset import one_state
from tests.manifests.state.test_derived import with_columns

if TYPE_CHECKING:
    from manifests.state.table import StateTable

NAME = "p0.d_frames_in_action"


def acting(make_state: Any, actions: list[int], first: int = -123, **changes: Any) -> StateTable:
    length = len(actions)
    columns = {"p0_action": actions, "p0_character": [2] * length, "p0_present": [True] * length}
    return with_columns(make_state(length, first=first), **{**columns, **changes})


def test_it_counts_from_the_first_frame_of_an_action(make_state: Any):
    values, valid = derive(acting(make_state, [14, 14, 14, 20, 20, 14]), NAME)
    assert values.tolist() == [0, 1, 2, 0, 1, 0]
    assert valid.all()
    assert values.dtype == np.int32


def test_a_transformation_begins_anew_and_absence_is_null(make_state: Any):
    table = acting(make_state, [14] * 4, p0_character=[18, 18, 19, 19])
    assert derive(table, NAME)[0].tolist() == [0, 1, 0, 1]
    values, valid = derive(acting(make_state, [14] * 4, p0_present=[1, 0, 1, 1]), NAME)
    assert valid.tolist() == [True, False, True, True]
    assert values.tolist() == [0, 0, 0, 1]


def test_an_action_that_began_before_the_table_is_null(make_state: Any):
    values, valid = derive(acting(make_state, [14, 14, 20, 20], first=0), NAME)
    assert valid.tolist() == [False, False, True, True]
    assert values.tolist() == [0, 0, 0, 1]


@pytest.mark.slow
@given(start=st.integers(0, 199))
def test_a_part_says_what_the_game_says_or_nothing(start: int):
    whole = one_state()
    values, valid = derive(whole, NAME)
    part, part_valid = derive(whole.slice(start, whole.num_frames), NAME)
    assert np.array_equal(part[part_valid], values[start:][part_valid])
    assert not (part_valid & ~valid[start:]).any()


@pytest.mark.slow
@given(rows=st.lists(st.integers(0, 3), min_size=1, max_size=60))
def test_a_count_is_one_more_than_before_or_zero(rows: list[int]):
    table = one_state().slice(0, len(rows))
    table = with_columns(table, p0_action=rows, p0_present=[True] * len(rows))
    values, _ = derive(table, NAME)
    for k in range(1, len(rows)):
        assert values[k] == (values[k - 1] + 1 if rows[k] == rows[k - 1] else 0)
