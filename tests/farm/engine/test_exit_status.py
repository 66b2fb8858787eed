"""The exit status of every program that renders games follows one rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farm.engine.exit_status import ExitStatus, exit_status

COUNTS = st.integers(0, 1_000_000)


def test_all_committed_is_success():
    assert exit_status(num_unfinished=0, num_set_aside=0) == ExitStatus.ALL_COMMITTED == 0


@given(num_set_aside=COUNTS.filter(bool))
def test_whatever_was_set_aside_shows(num_set_aside: int):
    assert exit_status(num_unfinished=0, num_set_aside=num_set_aside) == ExitStatus.SOME_SET_ASIDE == 1


@given(num_unfinished=COUNTS.filter(bool), num_set_aside=COUNTS)
def test_what_is_not_finished_outweighs_what_was_set_aside(num_unfinished: int, num_set_aside: int):
    status = exit_status(num_unfinished=num_unfinished, num_set_aside=num_set_aside)
    assert status == ExitStatus.NOT_FINISHED == 2
