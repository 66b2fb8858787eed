"""How often a game may fail, and with which reason it is set aside when it has failed too often."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.engine.attempts import ATTEMPT_FAILED, BLAMES_THE_GAME, GOES_ELSEWHERE, Attempts, Limits
from farm.engine.pool import Breakage
from manifests.ledger.reasons import Reason

LIMITS = Limits()
FAILURES = st.sampled_from([ATTEMPT_FAILED, *Breakage])


def after(*failures: str) -> Attempts:
    attempts = Attempts()
    for number, failure in enumerate(failures, 1):
        attempts.add(failure, f"detail {number}")
    return attempts


def test_a_game_that_never_failed_may_be_tried():
    assert Attempts().number == 0
    assert not Attempts().is_exhausted(LIMITS)
    assert not Attempts().is_the_games_fault(LIMITS)


@pytest.mark.parametrize(
    ("failure", "cap"),
    [(ATTEMPT_FAILED, 3), (Breakage.WORKER_DIED, 3), (Breakage.OVERDUE, 2), (Breakage.NODE_LOST, 20),
     (Breakage.GIVEN_BACK, 20), (Breakage.ENVIRONMENT, 4)],
)  # fmt: skip
def test_each_kind_of_failure_has_its_cap(failure: str, cap: int):
    assert not after(*[failure] * (cap - 1)).is_exhausted(LIMITS)
    assert after(*[failure] * cap).is_exhausted(LIMITS)


@given(st.lists(FAILURES, max_size=40))
def test_a_game_is_exhausted_exactly_when_one_kind_reached_its_cap(failures: list[str]):
    attempts = after(*failures)
    assert attempts.number == len(failures)
    reached = {failure for failure in failures if failures.count(failure) >= LIMITS.caps[failure]}
    assert attempts.is_exhausted(LIMITS) == bool(reached)
    assert attempts.is_the_games_fault(LIMITS) == bool(reached & BLAMES_THE_GAME)


@given(st.lists(FAILURES, max_size=10))
def test_only_attempts_that_the_job_itself_gave_up_bring_the_last_one_nearer(failures: list[str]):
    assert after(*failures).next_is_last(LIMITS) == (failures.count(ATTEMPT_FAILED) >= 2)


@pytest.mark.parametrize("failure", [Breakage.NODE_LOST, Breakage.GIVEN_BACK, Breakage.ENVIRONMENT])
def test_what_happened_to_a_machine_is_never_the_games_fault(failure: Breakage):
    attempts = after(*[failure] * LIMITS.caps[failure])
    assert attempts.is_exhausted(LIMITS)
    assert not attempts.is_the_games_fault(LIMITS)


def test_a_lost_machine_is_no_reason_to_avoid_it_but_one_that_lacks_something_is():
    assert Breakage.NODE_LOST not in GOES_ELSEWHERE
    assert Breakage.GIVEN_BACK not in GOES_ELSEWHERE
    assert Breakage.ENVIRONMENT in GOES_ELSEWHERE
    assert BLAMES_THE_GAME < GOES_ELSEWHERE


def test_the_verdict_has_the_whole_history_and_the_last_detail():
    attempts = after(Breakage.WORKER_DIED, Breakage.NODE_LOST, Breakage.WORKER_DIED, Breakage.WORKER_DIED)
    assert attempts.verdict() == (
        Reason.WORKER_DIED,
        "gave up after 1 x node_lost, 3 x worker_died; last: detail 4",
    )


@pytest.mark.parametrize(
    ("failures", "reason"),
    [
        ((Breakage.OVERDUE, Breakage.OVERDUE), Reason.EMULATOR_TIMEOUT),
        ((Breakage.OVERDUE, Breakage.OVERDUE, Breakage.WORKER_DIED), Reason.EMULATOR_TIMEOUT),
        ((Breakage.OVERDUE, Breakage.WORKER_DIED, Breakage.WORKER_DIED), Reason.WORKER_DIED),
        ((Breakage.OVERDUE, Breakage.WORKER_DIED), Reason.WORKER_DIED),
    ],
)
def test_the_reason_is_what_befell_the_game_most(failures: tuple[str, ...], reason: Reason):
    assert after(*failures).verdict()[0] is reason


@given(st.integers(0, 10**6))
def test_a_longer_game_may_take_longer(num_frames: int):
    limits = Limits(attempt_base_seconds=100.0, attempt_seconds_per_frame=0.25)
    assert limits.attempt_seconds(num_frames) == 100.0 + num_frames / 4


def test_caps_of_ones_own_must_name_every_failure():
    with pytest.raises(ValueError, match=r"caps for .*'overdue'.* are missing"):
        Limits(caps={ATTEMPT_FAILED: 1})


def test_caps_of_ones_own_hold():
    limits = Limits(caps={**LIMITS.caps, Breakage.WORKER_DIED: 1})
    assert after(Breakage.WORKER_DIED).is_exhausted(limits)
    assert not after(Breakage.WORKER_DIED).is_exhausted(LIMITS)
