"""The queue of games: order, retries on another worker, limits, machines that fail; time is a number."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from null_renderer import NullResult, NullTask

from farm.engine.attempts import Limits
from farm.engine.pool import Breakage, JobBroke, JobReturned, SlotClosed, SlotOpened
from farm.engine.queue import GameQueue
from manifests.ledger.reasons import Reason


def tasks(*lengths: int) -> list[NullTask]:
    return [NullTask(f"game-{number}", length) for number, length in enumerate(lengths)]


def opened(queue: GameQueue[NullTask], *slots: str) -> None:
    """Open these slots in the queue; their names are node/number."""
    for slot in slots:
        queue.apply(SlotOpened(slot, slot.split("/")[0]), 0.0)


def committed(slot: str, task: NullTask) -> JobReturned:
    return JobReturned(slot, NullResult(task.game_id, "committed", task.num_frames))


def test_the_longest_games_go_first():
    queue = GameQueue(tasks(100, 300, 200))
    opened(queue, "a/0", "a/1")
    assert [task.num_frames for _, task in queue.assignments(0.0)] == [300, 200]


def test_a_slot_has_at_most_one_game():
    queue = GameQueue(tasks(1, 2, 3))
    opened(queue, "a/0")
    assert len(queue.assignments(0.0)) == 1
    assert queue.assignments(0.0) == []
    assert queue.counts().running == 1
    assert queue.counts().waiting == 2


def test_a_returned_game_frees_its_slot():
    queue = GameQueue(tasks(1, 2))
    opened(queue, "a/0")
    [(_, task)] = queue.assignments(0.0)
    result = queue.apply(committed("a/0", task), 1.0)
    assert result is not None
    assert result.game_id == "game-1"
    assert [task.game_id for _, task in queue.assignments(1.0)] == ["game-0"]


def test_a_game_whose_worker_died_goes_to_another_machine():
    queue = GameQueue(tasks(100))
    opened(queue, "a/0", "b/0")
    [(slot, _)] = queue.assignments(0.0)
    assert slot == "a/0"
    queue.apply(JobBroke("a/0", Breakage.WORKER_DIED, "killed"), 1.0)
    opened(queue, "a/1")
    [(slot, task)] = queue.assignments(1.0)
    assert slot == "b/0"
    assert task.attempt == 2


def test_a_game_that_failed_waits_for_the_other_machine_rather_than_go_back():
    queue = GameQueue(tasks(200, 100, 50))
    opened(queue, "a/0", "b/0")
    queue.assignments(0.0)
    queue.apply(JobBroke("a/0", Breakage.WORKER_DIED, "killed"), 1.0)
    opened(queue, "a/1")
    assert [(slot, task.game_id) for slot, task in queue.assignments(1.0)] == [("a/1", "game-2")]
    queue.apply(committed("a/1", NullTask("game-2")), 2.0)
    assert queue.assignments(2.0) == []  # game-0 failed on a; b is rendering game-1
    queue.apply(committed("b/0", NullTask("game-1")), 3.0)
    assert [(slot, task.game_id) for slot, task in queue.assignments(3.0)] == [("b/0", "game-0")]


def test_with_one_machine_a_game_that_failed_goes_to_another_slot():
    queue = GameQueue(tasks(100))
    opened(queue, "a/0", "a/1")
    queue.assignments(0.0)
    queue.apply(JobReturned("a/0", NullResult("game-0", "attempt_failed", 0, Reason.MISALIGNED)), 1.0)
    [(slot, _)] = queue.assignments(1.0)
    assert slot == "a/1"


def test_with_one_slot_a_game_that_failed_goes_back_to_it():
    queue = GameQueue(tasks(100))
    opened(queue, "a/0")
    queue.assignments(0.0)
    queue.apply(JobReturned("a/0", NullResult("game-0", "attempt_failed", 0, Reason.MISALIGNED)), 1.0)
    assert len(queue.assignments(1.0)) == 1


def test_a_game_is_told_when_its_attempt_is_the_last():
    queue = GameQueue(tasks(100))
    opened(queue, "a/0")
    seen = []
    for _ in range(3):
        [(_, task)] = queue.assignments(0.0)
        seen.append((task.attempt, task.is_last_attempt))
        queue.apply(
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
    queue = GameQueue(tasks(100))
    limits = Limits()
    for number in range(limits.caps[breakage]):
        opened(queue, f"a/{number}")
        [(slot, _)] = queue.assignments(0.0)
        assert queue.exhausted() == []
        queue.apply(JobBroke(slot, breakage, "last words"), 0.0)
    [(task, found, detail)] = queue.exhausted()
    assert (task.game_id, found) == ("game-0", reason)
    assert f"{limits.caps[breakage]} x {breakage}" in detail
    assert "last words" in detail
    assert queue.exhausted() == []
    queue.finish(NullResult("game-0", "set_aside", 0), 100)
    assert queue.is_over
    assert queue.counts().exit_status == 1


def test_lost_machines_never_set_a_game_aside_but_leave_it_undone_in_the_end():
    queue = GameQueue(tasks(100))
    cap = Limits().caps[Breakage.NODE_LOST]
    for number in range(cap):
        assert not queue.is_over
        opened(queue, f"node{number}/0")
        [(slot, _)] = queue.assignments(0.0)
        queue.apply(JobBroke(slot, Breakage.NODE_LOST, "gone"), 0.0)
    assert queue.exhausted() == []
    assert queue.is_over
    assert queue.counts().left_undone == 1
    assert queue.counts().exit_status == 2


def test_a_job_over_its_hard_limit_is_found_and_tried_again():
    limits = Limits(attempt_base_seconds=10, attempt_seconds_per_frame=1)
    queue = GameQueue(tasks(5), limits)
    opened(queue, "a/0", "a/1")
    queue.assignments(0.0)
    assert queue.overdue(14.9) == []
    assert queue.overdue(15.0) == ["a/0"]
    assert [slot for slot, _ in queue.assignments(15.0)] == ["a/1"]


def test_a_machine_that_never_did_a_game_is_left_out_after_two_environment_failures():
    queue = GameQueue(tasks(1, 2, 3, 4))
    opened(queue, "a/0", "a/1", "b/0")
    queue.assignments(0.0)
    queue.apply(JobBroke("a/0", Breakage.ENVIRONMENT, "no Dolphin"), 0.0)
    assert queue.num_usable_slots == 2
    queue.apply(JobBroke("a/1", Breakage.ENVIRONMENT, "no Dolphin"), 0.0)
    opened(queue, "a/2")
    assert queue.assignments(1e9) == []
    assert queue.num_usable_slots == 1
    assert "no Dolphin" in queue.last_environment_failure


def test_a_machine_that_did_games_rests_after_an_environment_failure():
    queue = GameQueue(tasks(1, 2, 3), Limits(bench_seconds=20))
    opened(queue, "a/0", "a/1")
    started = dict(queue.assignments(0.0))
    queue.apply(committed("a/1", started["a/1"]), 1.0)
    queue.apply(JobBroke("a/0", Breakage.ENVIRONMENT, "network"), 1.0)
    assert queue.assignments(20.9) == []
    assert len(queue.assignments(21.0)) == 1


def test_a_task_without_a_slot_fails():
    queue = GameQueue(tasks(1))
    opened(queue, "a/0")
    with pytest.raises(RuntimeError, match="had no task"):
        queue.apply(committed("a/0", NullTask("game-0")), 0.0)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.data())
def test_whatever_happens_every_game_has_exactly_one_end(data: st.DataObject):
    games = tasks(*data.draw(st.lists(st.integers(1, 1000), max_size=12)))
    queue = GameQueue(games)
    ends: Counter[str] = Counter()
    num_slots = 0
    for step in range(2000):
        if queue.is_over:
            break
        queue.assignments(float(step))
        busy = [name for name, slot in queue._slots.items() if slot.index is not None]
        idle = [name for name, slot in queue._slots.items() if slot.index is None]
        if not busy or len(queue._slots) < 3:
            opened(queue, f"{data.draw(st.sampled_from('abc'))}{num_slots // 40}/{num_slots}")
            num_slots += 1
            continue
        if idle and data.draw(st.booleans()):
            queue.apply(SlotClosed(data.draw(st.sampled_from(idle))), float(step))
            continue
        name = data.draw(st.sampled_from(busy))
        game = games[queue._slots[name].index or 0]
        what = data.draw(st.sampled_from(["committed", "set_aside", "attempt_failed", *Breakage]))
        if isinstance(what, Breakage):
            queue.apply(JobBroke(name, what, ""), float(step))
        else:
            result = NullResult(game.game_id, what, game.num_frames)
            if queue.apply(JobReturned(name, result), float(step)) is not None:
                ends[game.game_id] += 1
        for task, reason, _ in queue.exhausted():
            ends[task.game_id] += 1
            queue.finish(NullResult(task.game_id, "set_aside", 0, reason), task.num_frames)
    counts = queue.counts()
    assert counts.num_games == len(games)
    assert max(ends.values(), default=0) <= 1
    assert len(ends) + counts.left_undone == len(games) - queue.num_outstanding


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"attempt_base_seconds": 0}, "attempt_base_seconds must be above 0, got 0"),
        ({"strikes": 0}, "strikes and games in a row must be at least 1"),
        ({"games_in_a_row": 0}, "strikes and games in a row must be at least 1"),
        ({"caps": {**Limits().caps, Breakage.OVERDUE: 0}}, "cap for overdue must be at least 1"),
        ({"caps": {}}, "missing"),
    ],
)
def test_limits_out_of_range_fail(change: dict[str, object], match: str):
    with pytest.raises(ValueError, match=match):
        dataclasses.replace(Limits(), **change)


def test_one_game_that_fails_everywhere_wears_no_machine_down_and_is_left_undone():
    queue = GameQueue([NullTask("odd", 1000), *tasks(1)], Limits(bench_seconds=1.0))
    opened(queue, "a/0", "b/0")
    now = 0.0
    while queue.counts().left_undone == 0:
        now += 10.0
        for slot, task in queue.assignments(now):
            if task.game_id == "odd":
                queue.apply(JobBroke(slot, Breakage.ENVIRONMENT, "the replay is gone"), now)
                opened(queue, f"{slot}+")
            else:
                queue.apply(committed(slot, task), now)
    assert queue.is_over
    assert queue.num_usable_slots == 2
    assert queue.counts().retries == {Breakage.ENVIRONMENT: Limits().caps[Breakage.ENVIRONMENT]}


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_games_are_handed_out_from_the_longest_to_the_shortest(lengths: list[int]):
    queue = GameQueue(tasks(*lengths))
    opened(queue, "a/0")
    handed_out = []
    while not queue.is_over:
        [(slot, task)] = queue.assignments(0.0)
        handed_out.append(task.num_frames)
        queue.apply(committed(slot, task), 0.0)
    assert handed_out == sorted(lengths, reverse=True)
    assert queue.counts().frames_done == queue.counts().frames_total == sum(lengths)


@given(st.integers(0, 10), st.integers(0, 10))
def test_as_many_games_run_as_there_are_games_and_slots_for(num_games: int, num_slots: int):
    queue = GameQueue(tasks(*[5] * num_games))
    opened(queue, *(f"n/{k}" for k in range(num_slots)))
    started = queue.assignments(0.0)
    assert len(started) == queue.num_running == min(num_games, num_slots)
    assert len({slot for slot, _ in started}) == len(started)
    assert queue.num_outstanding == num_games
    assert queue.counts().waiting == num_games - len(started)


def test_a_retry_goes_before_new_games_however_short_it_is():
    queue = GameQueue(tasks(1, 900, 800))
    opened(queue, "a/0")
    assert queue.assignments(0.0)[0][1].num_frames == 900
    queue.apply(JobBroke("a/0", Breakage.NODE_LOST, "gone"), 0.0)
    opened(queue, "b/0")
    [(_, task)] = queue.assignments(0.0)
    assert (task.num_frames, task.attempt) == (900, 2)


def test_a_lost_machine_does_not_keep_its_game_from_coming_back_to_it():
    queue = GameQueue(tasks(5))
    opened(queue, "a/0", "b/0")
    queue.assignments(0.0)
    queue.apply(JobBroke("a/0", Breakage.GIVEN_BACK, "spot notice"), 0.0)
    opened(queue, "a/1")
    queue.apply(SlotClosed("b/0"), 0.0)
    assert [slot for slot, _ in queue.assignments(0.0)] == ["a/1"]


def test_an_idle_slot_that_closes_takes_no_game_along():
    queue = GameQueue(tasks(5))
    opened(queue, "a/0")
    assert queue.apply(SlotClosed("a/0"), 0.0) is None
    queue.apply(SlotClosed("never opened"), 0.0)
    assert (queue.num_outstanding, queue.num_usable_slots) == (1, 0)
    assert queue.failed_attempts() == []


def test_a_slot_that_breaks_without_a_game_costs_nobody_an_attempt():
    queue = GameQueue(tasks(5))
    opened(queue, "a/0")
    queue.apply(JobBroke("a/0", Breakage.WORKER_DIED, "killed while idle"), 0.0)
    assert queue.counts().retries == {}
    assert queue.failed_attempts() == []
    assert queue.num_outstanding == 1


def test_the_rest_of_a_machine_doubles_with_each_game_that_fails_in_a_row():
    queue = GameQueue(tasks(*range(1, 9)), Limits(bench_seconds=10))
    opened(queue, "a/0")
    [(slot, task)] = queue.assignments(0.0)
    queue.apply(committed(slot, task), 0.0)
    now = 0.0
    for number, rest in enumerate((10, 20, 40), 1):
        opened(queue, f"a/{number}")
        slot = next(slot for slot, task in queue.assignments(now) if task.attempt == 1)
        queue.apply(JobBroke(slot, Breakage.ENVIRONMENT, "no network"), now)
        opened(queue, f"a/{number} again")
        assert queue.assignments(now + rest - 0.1) == []
        now += rest


def test_a_success_forgives_a_machine_its_failures():
    queue = GameQueue(tasks(*range(1, 40)), Limits(bench_seconds=1, strikes=2))
    opened(queue, "a/0")
    [(slot, task)] = queue.assignments(0.0)
    queue.apply(committed(slot, task), 0.0)
    now = 0.0
    for number in range(1, 6):
        [(slot, _)] = queue.assignments(now)
        queue.apply(JobBroke(slot, Breakage.ENVIRONMENT, "no network"), now)
        opened(queue, f"a/{number}")
        now += 10.0
        [(slot, task)] = queue.assignments(now)
        queue.apply(committed(slot, task), now)
    assert queue.num_usable_slots == 1


def test_each_failed_attempt_is_told_once_with_where_it_was():
    queue = GameQueue(tasks(5))
    opened(queue, "a/0")
    queue.assignments(0.0)
    queue.apply(JobBroke("a/0", Breakage.WORKER_DIED, "killed by SIGKILL"), 0.0)
    (failed,) = queue.failed_attempts()
    assert (failed.game_id, failed.number, failed.node) == ("game-0", 1, "a")
    assert (failed.failure, failed.detail) == ("worker_died", "killed by SIGKILL")
    assert queue.failed_attempts() == []


def test_the_machines_of_a_run_are_counted_by_their_open_slots():
    queue = GameQueue(tasks(1))
    opened(queue, "a/0", "a/1", "b/0")
    assert (queue.counts().num_slots, queue.counts().num_nodes) == (3, 2)
    queue.apply(SlotClosed("b/0"), 0.0)
    assert (queue.counts().num_slots, queue.counts().num_nodes) == (2, 1)


def fail_on(queue: GameQueue[NullTask], node: str, now: float) -> None:
    """Give every slot a game; those on one machine fail, the others are committed."""
    for slot, task in queue.assignments(now):
        if slot.split("/")[0] == node:
            queue.apply(
                JobReturned(slot, NullResult(task.game_id, "attempt_failed", 0, Reason.MISALIGNED)), now
            )
        else:
            queue.apply(committed(slot, task), now)


def test_a_machine_on_which_five_different_games_in_a_row_fail_is_drained_and_named():
    queue = GameQueue(tasks(*range(100, 140)))
    opened(queue, "a/0", "b/0")
    for now in range(4):
        fail_on(queue, "a", now)
    assert (queue.num_usable_slots, queue.notices()) == (2, [])
    fail_on(queue, "a", 5)
    assert queue.num_usable_slots == 1
    [line] = queue.notices()
    assert line.startswith(
        "a is drained: it gets no more games. 5 different games in a row failed there (game-"
    )
    assert [slot for slot, _ in queue.assignments(6.0)] == ["b/0"]


def test_a_game_that_is_finished_between_keeps_a_machine_at_work():
    queue = GameQueue(tasks(*range(100, 140)))
    opened(queue, "a/0", "b/0")
    for now in range(12):
        fail_on(queue, "b" if now % 4 == 3 else "a", now)
    assert (queue.num_usable_slots, queue.notices()) == (2, [])


def test_the_only_machine_is_named_and_goes_on():
    queue = GameQueue(tasks(*range(100, 110)))
    opened(queue, "a/0")
    for now in range(15):
        [(slot, task)] = queue.assignments(now)
        status = "set_aside" if task.is_last_attempt else "attempt_failed"
        queue.apply(JobReturned(slot, NullResult(task.game_id, status, 0, Reason.MISALIGNED)), now)
    [line] = queue.notices()
    assert line.startswith("a goes on, as there is no other machine. 5 different games in a row")
    assert queue.num_usable_slots == 1


def test_replays_that_are_gone_or_refused_blame_no_machine():
    queue = GameQueue(tasks(*range(100, 140)))
    opened(queue, "a/0", "b/0")
    for now in range(12):
        for slot, task in queue.assignments(now):
            is_last = task.is_last_attempt
            reason = Reason.SOURCE_MISSING if now % 2 else Reason.ILLEGAL_STAGE
            is_refused = reason is Reason.ILLEGAL_STAGE or is_last
            status = "set_aside" if is_refused else "attempt_failed"
            queue.apply(JobReturned(slot, NullResult(task.game_id, status, 0, reason)), now)
    assert (queue.num_usable_slots, queue.notices()) == (2, [])


def test_a_replay_that_kills_its_workers_ends_after_three_of_them_on_more_than_one():
    queue = GameQueue(tasks(100))
    opened(queue, "a/0", "b/0")
    slots = []
    for now in range(3):
        [(slot, _)] = queue.assignments(now)
        slots.append(slot)
        queue.apply(JobBroke(slot, Breakage.WORKER_DIED, "killed"), now)
        opened(queue, f"{slot.split('/')[0]}/{now + 1}")
    assert queue.assignments(4.0) == []
    [(task, reason, detail)] = queue.exhausted()
    assert (task.game_id, reason) == ("game-0", Reason.WORKER_DIED)
    assert "gave up after 3 x worker_died" in detail
    assert len({slot.split("/")[0] for slot in slots}) == 2
