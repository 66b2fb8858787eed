"""The schedule: order, retries on another worker, caps, machines that fail. Time is a number here."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from null_renderer import NullResult, NullTask

from farm.engine.attempts import Limits
from farm.engine.pool import Breakage, JobBroke, JobReturned, SlotClosed, SlotOpened
from farm.engine.queue import Schedule
from manifests.ledger.reasons import Reason


def tasks(*lengths: int) -> list[NullTask]:
    return [NullTask(f"game-{number}", length) for number, length in enumerate(lengths)]


def opened(schedule: Schedule[NullTask], *slots: str) -> None:
    """Slots are named node/number."""
    for slot in slots:
        schedule.apply(SlotOpened(slot, slot.split("/")[0]), 0.0)


def committed(slot: str, task: NullTask) -> JobReturned:
    return JobReturned(slot, NullResult(task.game_id, "committed", task.num_frames))


def test_the_longest_games_go_first():
    schedule = Schedule(tasks(100, 300, 200))
    opened(schedule, "a/0", "a/1")
    assert [task.num_frames for _, task in schedule.assignments(0.0)] == [300, 200]


def test_a_slot_has_at_most_one_game():
    schedule = Schedule(tasks(1, 2, 3))
    opened(schedule, "a/0")
    assert len(schedule.assignments(0.0)) == 1
    assert schedule.assignments(0.0) == []
    assert schedule.tally().running == 1
    assert schedule.tally().waiting == 2


def test_a_returned_game_frees_its_slot():
    schedule = Schedule(tasks(1, 2))
    opened(schedule, "a/0")
    [(_, task)] = schedule.assignments(0.0)
    result = schedule.apply(committed("a/0", task), 1.0)
    assert result is not None
    assert result.game_id == "game-1"
    assert [task.game_id for _, task in schedule.assignments(1.0)] == ["game-0"]


def test_a_game_whose_worker_died_goes_to_another_machine():
    schedule = Schedule(tasks(100))
    opened(schedule, "a/0", "b/0")
    [(slot, _)] = schedule.assignments(0.0)
    assert slot == "a/0"
    schedule.apply(JobBroke("a/0", Breakage.WORKER_DIED, "killed"), 1.0)
    opened(schedule, "a/1")
    [(slot, task)] = schedule.assignments(1.0)
    assert slot == "b/0"
    assert task.attempt == 2


def test_a_game_that_failed_waits_for_the_other_machine_rather_than_go_back():
    schedule = Schedule(tasks(200, 100, 50))
    opened(schedule, "a/0", "b/0")
    schedule.assignments(0.0)
    schedule.apply(JobBroke("a/0", Breakage.WORKER_DIED, "killed"), 1.0)
    opened(schedule, "a/1")
    assert [(slot, task.game_id) for slot, task in schedule.assignments(1.0)] == [("a/1", "game-2")]
    schedule.apply(committed("a/1", NullTask("game-2")), 2.0)
    assert schedule.assignments(2.0) == []  # game-0 failed on a; b is at work on game-1
    schedule.apply(committed("b/0", NullTask("game-1")), 3.0)
    assert [(slot, task.game_id) for slot, task in schedule.assignments(3.0)] == [("b/0", "game-0")]


def test_with_one_machine_a_game_that_failed_goes_to_another_slot():
    schedule = Schedule(tasks(100))
    opened(schedule, "a/0", "a/1")
    schedule.assignments(0.0)
    schedule.apply(JobReturned("a/0", NullResult("game-0", "attempt_failed", 0, Reason.MISALIGNED)), 1.0)
    [(slot, _)] = schedule.assignments(1.0)
    assert slot == "a/1"


def test_with_one_slot_a_game_that_failed_goes_back_to_it():
    schedule = Schedule(tasks(100))
    opened(schedule, "a/0")
    schedule.assignments(0.0)
    schedule.apply(JobReturned("a/0", NullResult("game-0", "attempt_failed", 0, Reason.MISALIGNED)), 1.0)
    assert len(schedule.assignments(1.0)) == 1


def test_a_game_is_told_when_its_attempt_is_the_last():
    schedule = Schedule(tasks(100))
    opened(schedule, "a/0")
    seen = []
    for _ in range(3):
        [(_, task)] = schedule.assignments(0.0)
        seen.append((task.attempt, task.is_last_attempt))
        schedule.apply(
            JobReturned("a/0", NullResult("game-0", "attempt_failed", 0, Reason.EMULATOR_STALLED)), 0.0
        )
    assert seen == [(1, False), (2, False), (3, True)]


@pytest.mark.parametrize(
    ("breakage", "reason"),
    [
        (Breakage.WORKER_DIED, Reason.WORKER_DIED),
        (Breakage.OVERDUE, Reason.EMULATOR_TIMEOUT),
    ],
)
def test_a_game_that_keeps_breaking_its_worker_is_handed_out_to_be_set_aside(
    breakage: Breakage, reason: Reason
):
    schedule = Schedule(tasks(100))
    limits = Limits()
    for number in range(limits.caps[breakage]):
        opened(schedule, f"a/{number}")
        [(slot, _)] = schedule.assignments(0.0)
        assert schedule.exhausted() == []
        schedule.apply(JobBroke(slot, breakage, "last words"), 0.0)
    [(task, found, detail)] = schedule.exhausted()
    assert (task.game_id, found) == ("game-0", reason)
    assert f"{limits.caps[breakage]} x {breakage}" in detail
    assert "last words" in detail
    assert schedule.exhausted() == []
    schedule.finish(NullResult("game-0", "set_aside", 0), 100)
    assert schedule.is_over
    assert schedule.tally().exit_status == 1


def test_lost_machines_never_set_a_game_aside_but_leave_it_undone_in_the_end():
    schedule = Schedule(tasks(100))
    cap = Limits().caps[Breakage.NODE_LOST]
    for number in range(cap):
        assert not schedule.is_over
        opened(schedule, f"node{number}/0")
        [(slot, _)] = schedule.assignments(0.0)
        schedule.apply(JobBroke(slot, Breakage.NODE_LOST, "gone"), 0.0)
    assert schedule.exhausted() == []
    assert schedule.is_over
    assert schedule.tally().left_undone == 1
    assert schedule.tally().exit_status == 2


def test_a_job_over_its_hard_limit_is_found_and_tried_again():
    limits = Limits(attempt_base_seconds=10, attempt_seconds_per_frame=1)
    schedule = Schedule(tasks(5), limits)
    opened(schedule, "a/0", "a/1")
    schedule.assignments(0.0)
    assert schedule.overdue(14.9) == []
    assert schedule.overdue(15.0) == ["a/0"]
    assert [slot for slot, _ in schedule.assignments(15.0)] == ["a/1"]


def test_a_machine_that_never_did_a_game_is_left_out_after_two_environment_failures():
    schedule = Schedule(tasks(1, 2, 3, 4))
    opened(schedule, "a/0", "a/1", "b/0")
    schedule.assignments(0.0)
    schedule.apply(JobBroke("a/0", Breakage.ENVIRONMENT, "no Dolphin"), 0.0)
    assert schedule.num_usable_slots == 2
    schedule.apply(JobBroke("a/1", Breakage.ENVIRONMENT, "no Dolphin"), 0.0)
    opened(schedule, "a/2")
    assert schedule.assignments(1e9) == []
    assert schedule.num_usable_slots == 1
    assert "no Dolphin" in schedule.last_environment_failure


def test_a_machine_that_did_games_rests_after_an_environment_failure():
    schedule = Schedule(tasks(1, 2, 3), Limits(bench_seconds=20))
    opened(schedule, "a/0", "a/1")
    started = dict(schedule.assignments(0.0))
    schedule.apply(committed("a/1", started["a/1"]), 1.0)
    schedule.apply(JobBroke("a/0", Breakage.ENVIRONMENT, "network"), 1.0)
    assert schedule.assignments(20.9) == []
    assert len(schedule.assignments(21.0)) == 1


def test_a_task_without_a_slot_fails():
    schedule = Schedule(tasks(1))
    opened(schedule, "a/0")
    with pytest.raises(RuntimeError, match="had no task"):
        schedule.apply(committed("a/0", NullTask("game-0")), 0.0)


@settings(max_examples=40)
@given(st.data())
def test_whatever_happens_every_game_has_exactly_one_end(data: st.DataObject):
    games = tasks(*data.draw(st.lists(st.integers(1, 1000), max_size=12)))
    schedule = Schedule(games)
    ends: Counter[str] = Counter()
    num_slots = 0
    for step in range(2000):
        if schedule.is_over:
            break
        schedule.assignments(float(step))
        busy = [name for name, slot in schedule._slots.items() if slot.index is not None]
        idle = [name for name, slot in schedule._slots.items() if slot.index is None]
        if not busy or len(schedule._slots) < 3:
            opened(schedule, f"{data.draw(st.sampled_from('abc'))}{num_slots // 40}/{num_slots}")
            num_slots += 1
            continue
        if idle and data.draw(st.booleans()):
            schedule.apply(SlotClosed(data.draw(st.sampled_from(idle))), float(step))
            continue
        name = data.draw(st.sampled_from(busy))
        game = games[schedule._slots[name].index or 0]
        what = data.draw(st.sampled_from(["committed", "set_aside", "attempt_failed", *Breakage]))
        if isinstance(what, Breakage):
            schedule.apply(JobBroke(name, what, ""), float(step))
        else:
            result = NullResult(game.game_id, what, game.num_frames)
            if schedule.apply(JobReturned(name, result), float(step)) is not None:
                ends[game.game_id] += 1
        for task, reason, _ in schedule.exhausted():
            ends[task.game_id] += 1
            schedule.finish(NullResult(task.game_id, "set_aside", 0, reason), task.num_frames)
    tally = schedule.tally()
    assert tally.num_games == len(games)
    assert max(ends.values(), default=0) <= 1
    assert len(ends) + tally.left_undone == len(games) - schedule.num_outstanding


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"attempt_base_seconds": 0}, "attempt_base_seconds must be above 0, got 0"),
        ({"strikes": 0}, "strikes must be at least 1"),
        ({"caps": {**Limits().caps, Breakage.OVERDUE: 0}}, "cap for overdue must be at least 1"),
        ({"caps": {}}, "missing"),
    ],
)
def test_limits_out_of_range_fail(change: dict[str, object], match: str):
    with pytest.raises(ValueError, match=match):
        dataclasses.replace(Limits(), **change)


def test_one_game_that_fails_everywhere_wears_no_machine_down_and_is_left_undone():
    schedule = Schedule([NullTask("odd", 1000), *tasks(1)], Limits(bench_seconds=1.0))
    opened(schedule, "a/0", "b/0")
    now = 0.0
    while schedule.tally().left_undone == 0:
        now += 10.0
        for slot, task in schedule.assignments(now):
            if task.game_id == "odd":
                schedule.apply(JobBroke(slot, Breakage.ENVIRONMENT, "the replay is gone"), now)
                opened(schedule, f"{slot}+")
            else:
                schedule.apply(committed(slot, task), now)
    assert schedule.is_over
    assert schedule.num_usable_slots == 2
    assert schedule.tally().retries == {Breakage.ENVIRONMENT: Limits().caps[Breakage.ENVIRONMENT]}
