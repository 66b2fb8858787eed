"""The canary rule: the first game on each kind of machine decides whether other games are begun there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from null_renderer import NullResult, NullTask, give_up
from scripted_pool import ScriptedPool, committed

from farm.engine.attempts import ATTEMPT_FAILED, Limits
from farm.engine.canary import (
    LEAST_FRAMES,
    Canaries,
    CanaryFailed,
    Judgement,
    canary_place,
    is_crowd,
    judge_failures,
    judge_result,
)
from farm.engine.loop import Summary, run
from farm.engine.pool import Breakage, JobBroke, JobReturned, SlotOpened
from farm.engine.stopping import StopSignals
from manifests.ledger.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from farm.engine.canary import ProvedKind
    from farm.engine.pool import Event

    Answer = Callable[[str, NullTask], list[Event]]


# --- the rule by itself


@given(st.lists(st.integers(1, 30_000), min_size=1).map(sorted))
def test_the_canary_is_the_shortest_game_in_which_enough_moves_else_the_longest(frames: list[int]):
    chosen = frames[canary_place(frames)]
    enough = [one for one in frames if one >= LEAST_FRAMES]
    assert chosen == (min(enough) if enough else max(frames))


@pytest.mark.parametrize(
    ("num_games", "num_slots", "expected"), [(2, 1, False), (3, 1, True), (8, 8, False), (9, 8, True)]
)
def test_few_games_are_no_crowd(num_games: int, num_slots: int, expected: bool):
    assert is_crowd(num_games, num_slots) is expected


@pytest.mark.parametrize(
    ("status", "reason", "num_refused", "expected"),
    [
        ("committed", None, 2, Judgement.PROVED),
        ("already_done", None, 2, Judgement.NEXT_GAME),
        ("set_aside", Reason.NOT_CONTIGUOUS, 0, Judgement.NEXT_GAME),
        ("set_aside", Reason.NOT_CONTIGUOUS, 1, Judgement.NEXT_GAME),
        ("set_aside", Reason.NOT_CONTIGUOUS, 2, Judgement.STOP),
        ("set_aside", Reason.EMULATOR_EXIT, 0, Judgement.STOP),
    ],
)
def test_a_result_is_judged_by_whose_fault_it_is(
    status: str, reason: Reason | None, num_refused: int, expected: Judgement
):
    assert judge_result(status, reason, num_refused) is expected


@pytest.mark.parametrize("reason", [None, *Reason])
@pytest.mark.parametrize("num_misaligned", [0, 1])
def test_one_game_may_have_gone_out_of_step_and_nothing_else_is_the_games_fault(
    reason: Reason | None, num_misaligned: int
):
    is_in_doubt = reason is Reason.SOURCE_MISSING or (reason is Reason.MISALIGNED and num_misaligned == 0)
    expected = Judgement.NEXT_GAME if is_in_doubt else Judgement.STOP
    assert judge_failures(reason, num_misaligned) is expected


def test_a_few_games_whose_replay_is_not_there_say_nothing_of_the_machine():
    judged = [judge_failures(Reason.SOURCE_MISSING, 0, num_missing) for num_missing in range(3)]
    assert judged == [Judgement.NEXT_GAME, Judgement.NEXT_GAME, Judgement.STOP]


# --- the rule in a run


def games(number: int, **options: Any) -> list[NullTask]:
    return [NullTask(f"game-{k}", num_frames=2000 + k, **options) for k in range(number)]


def go(pool: ScriptedPool, tasks: list[NullTask], proved: list[ProvedKind] | None = None) -> Summary:
    found: list[ProvedKind] = [] if proved is None else proved
    return run(
        tasks,
        pool,
        give_up=give_up,
        stop=StopSignals(),
        limits=Limits(bench_seconds=1e-6),  # so that no machine rests for long
        canaries=Canaries(),
        on_canary=found.append,
    )


def failing(reason: Reason, *games: str) -> Answer:
    """Make slots' answers in which these games fail, and are written off if no attempt is to follow."""

    def answer(slot: str, task: NullTask) -> list[Event]:
        if task.game_id not in games:
            return [JobReturned(slot, committed(task))]
        status = "set_aside" if task.is_last_attempt else ATTEMPT_FAILED
        return [
            JobReturned(slot, NullResult(task.game_id, status, task.num_frames, reason, "line 3 is late"))
        ]

    return answer


def refusing(*games: str) -> Answer:
    """Make slots' answers in which these games are refused because of what their replays hold."""

    def answer(slot: str, task: NullTask) -> list[Event]:
        if task.game_id not in games:
            return [JobReturned(slot, committed(task))]
        refused = NullResult(task.game_id, "set_aside", task.num_frames, Reason.NON_FINITE, "a NaN in row 3")
        return [JobReturned(slot, refused)]

    return answer


def started(pool: ScriptedPool) -> list[str]:
    return [task.game_id for _, task in pool.started]


def test_one_short_game_is_done_before_all_others_begin():
    proved: list[ProvedKind] = []
    pool = ScriptedPool(3)
    summary = go(pool, games(9), proved)
    assert started(pool)[0] == "game-0"
    assert [task.is_canary for _, task in pool.started] == [True] + 8 * [False]
    assert summary.counts.committed == 9
    assert [(one.kind, one.node, one.num_slots, one.result.game_id) for one in proved] == [
        ("", "node-0", 1, "game-0")
    ]


def test_nothing_else_begins_while_a_canary_runs():
    running: list[Event] = []

    def wait(slot: str, task: NullTask) -> list[Event]:
        running.append(JobReturned(slot, committed(task)))
        return []

    pool = ScriptedPool(3, wait)
    ticks = iter(range(3))

    def tick(_counts: object) -> None:
        if next(ticks, None) is None and running:
            assert len(pool.started) == 1
            pool._answer = lambda slot, task: [JobReturned(slot, committed(task))]
            pool._pending.append(running.pop())

    summary = run(games(9), pool, give_up=give_up, stop=StopSignals(), canaries=Canaries(), on_counts=tick)
    assert summary.counts.committed == 9


def test_each_kind_of_machine_has_a_canary_of_its_own():
    proved: list[ProvedKind] = []
    pool = ScriptedPool(4, kinds=("old", "new"))
    go(pool, games(9), proved)
    assert sorted(one.kind for one in proved) == ["new", "old"]
    assert [task.is_canary for _, task in pool.started].count(True) == 2


@pytest.mark.parametrize(("number", "slots"), [(2, 1), (3, 3)])
def test_a_run_with_a_slot_for_each_game_has_no_canary(number: int, slots: int):
    pool = ScriptedPool(slots)
    go(pool, games(number))
    assert not any(task.is_canary for _, task in pool.started)


def test_without_canaries_all_begin_at_once():
    pool = ScriptedPool(3)
    run(games(9), pool, give_up=give_up, stop=StopSignals())
    assert not any(task.is_canary for _, task in pool.started)
    assert started(pool)[:3] == ["game-8", "game-7", "game-6"]


@pytest.mark.parametrize("reason", [Reason.EMULATOR_STALLED, Reason.EMULATOR_EXIT, Reason.ENCODE_FAILED])
def test_an_emulator_that_fails_stops_the_run_with_its_evidence(reason: Reason):
    pool = ScriptedPool(3, failing(reason, *(f"game-{k}" for k in range(9))), kinds=("2 cores",))
    with pytest.raises(
        CanaryFailed, match=rf"failed on 2 cores, 2 times.*game-0: {reason}: line 3 is late"
    ) as stop:
        go(pool, games(9))
    assert set(started(pool)) == {"game-0"}
    assert not any(task.is_last_attempt for _, task in pool.started)  # so nothing was written off
    assert "--no-canary" in str(stop.value)
    assert "\n" not in str(stop.value)


def test_a_canary_that_fails_once_is_tried_again():
    def fail_once(slot: str, task: NullTask) -> list[Event]:
        if task.attempt == 1 and task.is_canary:
            failed = NullResult(task.game_id, ATTEMPT_FAILED, task.num_frames, Reason.EMULATOR_STALLED)
            return [JobReturned(slot, failed)]
        return [JobReturned(slot, committed(task))]

    proved: list[ProvedKind] = []
    assert go(ScriptedPool(2, fail_once), games(9), proved).counts.committed == 9
    assert [one.result.game_id for one in proved] == ["game-0"]


def test_one_game_that_is_out_of_step_is_set_aside_and_the_next_one_judges():
    proved: list[ProvedKind] = []
    pool = ScriptedPool(3, failing(Reason.MISALIGNED, "game-0"))
    summary = go(pool, games(9), proved)
    assert (summary.counts.committed, summary.counts.set_aside) == (8, 1)
    assert [one.result.game_id for one in proved] == ["game-1"]


def test_two_games_that_cannot_be_proved_stop_the_run():
    pool = ScriptedPool(3, failing(Reason.MISALIGNED, *(f"game-{k}" for k in range(9))))
    with pytest.raises(CanaryFailed, match=r"4 times.*game-0: misaligned.*game-1: misaligned"):
        go(pool, games(9))
    assert set(started(pool)) == {"game-0", "game-1"}


def test_games_refused_for_what_they_hold_do_not_count():
    proved: list[ProvedKind] = []
    summary = go(ScriptedPool(3, refusing("game-0", "game-1")), games(9), proved)
    assert (summary.counts.committed, summary.counts.set_aside) == (7, 2)
    assert [one.result.game_id for one in proved] == ["game-2"]


def test_three_games_in_a_row_that_are_refused_stop_the_run():
    with pytest.raises(CanaryFailed, match=r"3 times.*game-2: non_finite: a NaN in row 3"):
        go(ScriptedPool(3, refusing(*(f"game-{k}" for k in range(9)))), games(9))


def test_a_game_that_another_run_did_tells_nothing():
    def done_elsewhere(slot: str, task: NullTask) -> list[Event]:
        status = "already_done" if task.game_id == "game-0" else "committed"
        return [JobReturned(slot, NullResult(task.game_id, status, task.num_frames))]

    proved: list[ProvedKind] = []
    go(ScriptedPool(2, done_elsewhere), games(9), proved)
    assert [one.result.game_id for one in proved] == ["game-1"]


@pytest.mark.parametrize("breakage", [Breakage.NODE_LOST, Breakage.GIVEN_BACK])
def test_a_canary_whose_machine_goes_away_is_begun_again_elsewhere(breakage: Breakage):
    lost: list[str] = []

    def lose_five(slot: str, task: NullTask) -> list[Event]:
        if len(lost) < 5:
            lost.append(task.game_id)
            return [JobBroke(slot, breakage, "gone"), SlotOpened(f"next-{len(lost)}", f"n{len(lost)}")]
        return [JobReturned(slot, committed(task))]

    proved: list[ProvedKind] = []
    assert go(ScriptedPool(1, lose_five), games(9), proved).counts.committed == 9
    assert set(lost) == {"game-0"}
    assert [one.node for one in proved] == ["n5"]


def test_a_machine_that_cannot_do_the_work_stops_the_run_by_its_own_words():
    opened = iter(range(100))

    def find_no_dolphin(slot: str, _task: NullTask) -> list[Event]:
        again = SlotOpened(f"again-{next(opened)}", "node-0")
        return [JobBroke(slot, Breakage.ENVIRONMENT, "no Vulkan driver here"), again]

    pool = ScriptedPool(1, find_no_dolphin)
    with pytest.raises(CanaryFailed, match=r"4 times.*no Vulkan driver here") as stop:
        go(pool, games(9))
    assert str(stop.value).count("no Vulkan driver here") == 1
    assert set(started(pool)) == {"game-0"}


def test_one_bad_machine_of_a_kind_does_not_stop_the_others():
    opened = iter(range(100))

    def bad_node(slot: str, task: NullTask) -> list[Event]:
        if slot.startswith(("slot-0", "again")):
            again = SlotOpened(f"again-{next(opened)}", "node-0")
            return [JobBroke(slot, Breakage.ENVIRONMENT, "no Vulkan driver here"), again]
        return [JobReturned(slot, committed(task))]

    proved: list[ProvedKind] = []
    assert go(ScriptedPool(3, bad_node), games(9), proved).counts.committed == 9
    assert [one.node for one in proved] == ["node-1"]


def test_a_worker_that_dies_of_the_canary_writes_nothing_off():
    opened = iter(range(100))
    written: list[str] = []

    def die(slot: str, _task: NullTask) -> list[Event]:
        return [
            JobBroke(slot, Breakage.WORKER_DIED, "killed by SIGSEGV"),
            SlotOpened(f"s{next(opened)}", "n"),
        ]

    def note(task: NullTask, reason: Reason, detail: str) -> NullResult:
        written.append(task.game_id)
        return give_up(task, reason, detail)

    with pytest.raises(CanaryFailed, match=r"3 times.*killed by SIGSEGV"):
        run(games(9), ScriptedPool(1, die), give_up=note, stop=StopSignals(), canaries=Canaries())
    assert written == []


@pytest.mark.timeout(60)
def test_a_canary_that_failed_goes_back_to_the_only_slot_of_its_kind():
    tried: list[str] = []

    def once(slot: str, task: NullTask) -> list[Event]:
        tried.append(task.game_id)
        is_first = tried.count(task.game_id) == 1
        return failing(Reason.EMULATOR_EXIT, *([task.game_id] if is_first else []))(slot, task)

    counts = go(ScriptedPool(2, once, kinds=["a", "b"]), games(9)).counts
    assert counts.committed == 9


@pytest.mark.slow
@given(st.data())
def test_whatever_the_slots_say_every_game_has_an_end_or_the_run_says_why(data: st.DataObject):
    opened = iter(range(10_000))
    kinds = data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3))
    number = data.draw(st.integers(1, 12))

    def anything(slot: str, task: NullTask) -> list[Event]:
        said = data.draw(st.sampled_from(["committed", "already_done", "refused", "failed", *Breakage]))
        if said in (*Breakage,):
            again = SlotOpened(
                f"n-{next(opened)}", data.draw(st.sampled_from("xyz")), data.draw(st.sampled_from(kinds))
            )
            return [JobBroke(slot, Breakage(said), "x"), again]
        if said == "failed":
            return failing(
                data.draw(st.sampled_from([Reason.MISALIGNED, Reason.EMULATOR_EXIT])), task.game_id
            )(slot, task)
        if said == "refused":
            return refusing(task.game_id)(slot, task)
        return [JobReturned(slot, NullResult(task.game_id, said, task.num_frames))]

    from workers.errors import EnvironmentFailed  # noqa: PLC0415 - the base of what may be raised

    pool = ScriptedPool(data.draw(st.integers(1, 4)), anything, kinds=kinds)
    try:
        counts = go(pool, games(number)).counts
    except EnvironmentFailed:
        return
    assert counts.done + counts.left_undone == number
