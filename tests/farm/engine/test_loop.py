"""The loop of a run, tested on a pool whose slots report exactly what a test says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from null_renderer import NullResult, NullTask, give_up
from scripted_pool import ScriptedPool, committed

from farm.engine.attempts import ATTEMPT_FAILED, Limits
from farm.engine.loop import Summary, run
from farm.engine.pool import Breakage, JobBroke, JobReturned, SlotClosed, SlotOpened
from farm.engine.queue import GameQueue
from farm.engine.stopping import Stop, StopSignals
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from farm.engine.attempts import FailedAttempt
    from farm.engine.pool import Event, Result
    from farm.engine.run_counts import RunCounts


def games(number: int, **options: Any) -> list[NullTask]:
    return [NullTask(f"game-{k}", **options) for k in range(number)]


def go(pool: ScriptedPool, tasks: list[NullTask], **options: Any) -> Summary:
    return run(tasks, pool, **{"give_up": give_up, "stop": StopSignals()} | options)


def returned(slot: str, task: NullTask, status: str, reason: Reason | None = None) -> JobReturned:
    return JobReturned(slot, NullResult(task.game_id, status, task.num_frames, reason))


def test_nothing_to_do_asks_the_pool_for_nothing():
    pool = ScriptedPool()
    summary = go(pool, [])
    assert (summary.exit_status, summary.was_stopped, pool.wanted, pool.started) == (0, False, [], [])


def test_every_result_is_told_once_and_in_the_order_in_which_games_ended():
    told: list[Result] = []
    pool = ScriptedPool(2)
    summary = go(pool, games(5), on_result=told.append)
    assert [result.game_id for result in told] == [task.game_id for _, task in pool.started]
    assert sorted(result.game_id for result in told) == [f"game-{k}" for k in range(5)]
    assert summary.counts.committed == 5


def test_everything_that_a_slot_reports_is_told():
    told: list[Event] = []
    go(ScriptedPool(1), games(1), on_event=told.append)
    assert [type(event) for event in told] == [SlotOpened, JobReturned]


def test_the_summary_keeps_the_games_set_aside_and_no_other():
    def refuse_the_second(slot: str, task: NullTask) -> list[Event]:
        status = "set_aside" if task.game_id == "game-1" else "committed"
        return [returned(slot, task, status, Reason.ILLEGAL_STAGE if status == "set_aside" else None)]

    summary = go(ScriptedPool(1, refuse_the_second), games(3))
    assert [result.game_id for result in summary.set_aside] == ["game-1"]
    assert summary.exit_status == 1


def test_a_failed_attempt_is_told_and_the_game_is_tried_again():
    def fail_once(slot: str, task: NullTask) -> list[Event]:
        if task.attempt == 1:
            return [JobBroke(slot, Breakage.WORKER_DIED, "killed by SIGKILL"), SlotOpened(slot + "'", "n")]
        return [JobReturned(slot, committed(task))]

    told: list[FailedAttempt] = []
    summary = go(ScriptedPool(1, fail_once), games(1), on_failure=told.append)
    assert [(one.number, one.failure, one.detail) for one in told] == [
        (1, "worker_died", "killed by SIGKILL")
    ]
    assert summary.counts.committed == 1
    assert summary.exit_status == 0


def test_a_game_that_breaks_every_worker_is_given_up_here_with_its_history():
    opened = iter(range(100))

    def die(slot: str, task: NullTask) -> list[Event]:
        return [
            JobBroke(slot, Breakage.WORKER_DIED, "out of memory"),
            SlotOpened(f"next-{next(opened)}", "n"),
        ]

    given_up: list[tuple[NullTask, Reason, str]] = []

    def note(task: NullTask, reason: Reason, detail: str) -> NullResult:
        given_up.append((task, reason, detail))
        return give_up(task, reason, detail)

    summary = go(ScriptedPool(1, die), games(1), give_up=note)
    ((task, reason, detail),) = given_up
    assert (task.attempt, task.is_last_attempt, reason) == (3, True, Reason.WORKER_DIED)
    assert detail == "gave up after 3 x worker_died; last: out of memory"
    assert [result.detail for result in summary.set_aside] == [detail]


def test_a_job_that_asks_for_another_attempt_gets_it_and_is_told_which_is_its_last():
    attempts: list[tuple[int, bool]] = []

    def fail(slot: str, task: NullTask) -> list[Event]:
        attempts.append((task.attempt, task.is_last_attempt))
        status = "set_aside" if task.is_last_attempt else ATTEMPT_FAILED
        return [returned(slot, task, status, Reason.EMULATOR_STALLED)]

    summary = go(ScriptedPool(1, fail), games(1))
    assert attempts == [(1, False), (2, False), (3, True)]
    assert summary.counts.set_aside == 1


def test_a_slot_over_its_limit_is_killed_and_the_next_one_goes_on():
    def hang_once(slot: str, task: NullTask) -> list[Event]:
        return [] if task.attempt == 1 else [JobReturned(slot, committed(task))]

    pool = ScriptedPool(1, hang_once)
    limits = Limits(attempt_base_seconds=1e-6, attempt_seconds_per_frame=1e-9)
    summary = go(pool, games(1), limits=limits)
    assert pool.killed == ["slot-0"]
    assert summary.counts.retries == {Breakage.OVERDUE: 1}
    assert summary.counts.committed == 1


def test_the_pool_is_told_how_many_slots_are_still_of_use():
    pool = ScriptedPool(1)
    go(pool, games(3))
    assert pool.wanted[0] == 3
    assert pool.wanted == sorted(pool.wanted, reverse=True)
    assert pool.wanted[-1] == 1


def test_draining_wants_no_more_slots_than_games_run_and_starts_nothing():
    stop = StopSignals()

    def drain_at_the_first(counts: RunCounts) -> None:
        stop.request = Stop.DRAIN if counts.committed else Stop.NO

    pool = ScriptedPool(2)
    summary = go(pool, games(9), stop=stop, on_counts=drain_at_the_first)
    assert len(pool.started) == summary.counts.committed < 9
    assert summary.was_stopped
    assert summary.exit_status == 2


def test_stopping_now_does_not_wait_for_what_runs():
    stop = StopSignals()

    def never(slot: str, task: NullTask) -> list[Event]:
        stop.request = Stop.NOW
        return []

    summary = go(ScriptedPool(1, never), games(2), stop=stop)
    assert (summary.counts.running, summary.counts.waiting, summary.exit_status) == (1, 1, 2)


def test_a_run_without_any_slot_for_too_long_fails_and_says_what_to_look_at():
    with pytest.raises(EnvironmentFailed, match=r"with 4 games waiting; .*the resource `dolphin`"):
        go(ScriptedPool(0), games(4), limits=Limits(slotless_seconds=1e-6))


def test_a_run_whose_last_slot_closes_fails_in_the_end_too():
    def close(slot: str, task: NullTask) -> list[Event]:
        return [JobReturned(slot, committed(task)), SlotClosed(slot)]

    with pytest.raises(EnvironmentFailed, match="1 games waiting"):
        go(ScriptedPool(1, close), games(2), limits=Limits(slotless_seconds=1e-3))


def test_a_run_in_which_no_game_gets_onto_a_slot_fails_in_the_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(GameQueue, "assignments", lambda _queue, _now: [])
    with pytest.raises(EnvironmentFailed, match=r"none of 2 games was on any of 1 slots for .*`farm doctor`"):
        go(ScriptedPool(1), games(2), limits=Limits(slotless_seconds=1e-3))


def test_machines_that_all_lack_something_end_the_run_with_what_they_lack():
    opened = iter(range(100))

    def lack(slot: str, task: NullTask) -> list[Event]:
        return [
            JobBroke(slot, Breakage.ENVIRONMENT, "no Dolphin here; install one"),
            SlotOpened(f"next-{next(opened)}", "node-0"),
        ]

    with pytest.raises(EnvironmentFailed, match=r"node-0: no Dolphin here; install one .mend that"):
        go(ScriptedPool(1, lack), games(3))


def test_lost_machines_leave_a_game_undone_beside_others_that_are_done():
    opened = iter(range(100))

    def lose_one_game(slot: str, task: NullTask) -> list[Event]:
        if task.game_id != "game-0":
            return [JobReturned(slot, committed(task))]
        number = next(opened)
        return [JobBroke(slot, Breakage.NODE_LOST, "gone"), SlotOpened(f"s{number}", f"n{number}")]

    summary = go(ScriptedPool(1, lose_one_game), games(3))
    assert (summary.counts.committed, summary.counts.left_undone) == (2, 1)
    assert summary.set_aside == ()
    assert summary.exit_status == 2


def test_a_game_found_done_by_another_is_no_failure():
    def done_before(slot: str, task: NullTask) -> list[Event]:
        return [returned(slot, task, "already_done")]

    summary = go(ScriptedPool(1, done_before), games(2))
    assert (summary.counts.already_done, summary.exit_status) == (2, 0)


def test_an_error_of_whoever_listens_ends_the_run():
    def broken(_result: Result) -> None:
        message = "the listener's own"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="the listener's own"):
        go(ScriptedPool(1), games(2), on_result=broken)
