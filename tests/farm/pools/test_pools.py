"""Every pool does what the scheduler relies on, tested with real processes and the null renderer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from null_processes import sleeping, wait_for
from null_renderer import NullSettings, NullTask, give_up, render_nothing

from farm.engine.attempts import FailedAttempt, Limits
from farm.engine.canary import Canaries
from farm.engine.loop import Summary, run
from farm.engine.pool import Breakage, Pool, Result
from farm.engine.stopping import Stop, StopSignals
from farm.pools.local_pool import LocalPool
from workers.errors import EnvironmentFailed
from workers.machine import machine_kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from farm.engine.canary import ProvedKind
    from farm.engine.run_counts import RunCounts

    PoolMaker = Callable[..., Pool[NullTask]]


@pytest.fixture(params=["local", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow])])
def make_pool(request: pytest.FixtureRequest) -> PoolMaker:
    def local(settings: NullSettings, *, num_slots: int = 2, **options: Any) -> Pool[NullTask]:
        return LocalPool(render_nothing, settings, num_slots=num_slots, **options)

    def ray(settings: NullSettings, *, num_slots: int = 2, **options: Any) -> Pool[NullTask]:
        from farm.pools.ray_pool import RayPool  # noqa: PLC0415 - only where Ray is

        return RayPool(render_nothing, settings, num_slots=num_slots, **options)

    if request.param == "ray":
        request.getfixturevalue("ray_cluster")
        return ray
    return local


@pytest.fixture
def settings(tmp_path: Path) -> NullSettings:
    (tmp_path / "ledger").mkdir()
    return NullSettings(ledger=tmp_path / "ledger", scratch_base=tmp_path / "scratch")


def games(number: int, **options: Any) -> list[NullTask]:
    return [NullTask(f"game-{index:04}", **options) for index in range(number)]


def go(pool: Pool[NullTask], tasks: list[NullTask], **options: Any) -> Summary:
    with pool:
        return run(tasks, pool, **{"give_up": give_up, "stop": StopSignals()} | options)


def ledger(settings: NullSettings) -> set[str]:
    assert settings.ledger is not None
    return {entry.name for entry in settings.ledger.iterdir()}


def test_every_game_is_done_once(make_pool: PoolMaker, settings: NullSettings):
    seen: list[Result] = []
    summary = go(make_pool(settings), games(40), on_result=seen.append)
    assert summary.exit_status == 0
    assert summary.counts.committed == 40
    assert ledger(settings) == {f"game-{index:04}" for index in range(40)}
    assert Counter(result.game_id for result in seen).most_common(1)[0][1] == 1


def test_machines_are_told_by_kind_and_one_game_of_each_kind_comes_first(
    make_pool: PoolMaker, settings: NullSettings
):
    proved: list[ProvedKind] = []
    summary = go(make_pool(settings), games(9), canaries=Canaries(), on_canary=proved.append)
    assert summary.counts.committed == 9
    assert [one.kind for one in proved] == [machine_kind()]  # in tests every node is this machine


def test_a_worker_that_dies_loses_nothing(make_pool: PoolMaker, settings: NullSettings):
    tasks = [*games(10), NullTask("poor", behaviour="kill the worker once")]
    failed: list[FailedAttempt] = []
    summary = go(make_pool(settings), tasks, on_failure=failed.append)
    assert summary.counts.committed == 11
    assert [(one.game_id, one.number, one.failure) for one in failed] == [("poor", 1, "worker_died")]
    assert failed[0].detail
    assert summary.counts.retries == {Breakage.WORKER_DIED: 1}


@pytest.mark.slow
def test_a_poison_replay_is_set_aside_and_the_others_are_done(make_pool: PoolMaker, settings: NullSettings):
    tasks = [
        *games(10),
        NullTask("poison", behaviour="kill the worker"),
        NullTask("bug", behaviour="have a bug"),
    ]
    summary = go(make_pool(settings), tasks)
    assert summary.exit_status == 1
    assert summary.counts.committed == 10
    details = {result.game_id: result.detail for result in summary.set_aside}
    assert set(details) == {"poison", "bug"}
    assert "3 x worker_died" in details["poison"]
    assert "a bug of ours" in details["bug"]


def test_attempts_that_fail_are_tried_again_up_to_the_cap(make_pool: PoolMaker, settings: NullSettings):
    tasks = [NullTask("flaky", behaviour="fail twice"), NullTask("broken", behaviour="fail always")]
    summary = go(make_pool(settings), tasks)
    assert summary.counts.committed == 1
    assert [result.game_id for result in summary.set_aside] == ["broken"]


@pytest.mark.slow
def test_a_job_that_hangs_is_ended_at_its_hard_limit(make_pool: PoolMaker, settings: NullSettings):
    limits = Limits(attempt_base_seconds=1.0, attempt_seconds_per_frame=1e-6)
    tasks = [*games(4), NullTask("hung", behaviour="hang")]
    summary = go(make_pool(settings), tasks, limits=limits)
    assert summary.counts.committed == 4
    assert "2 x overdue" in summary.set_aside[0].detail


@pytest.mark.slow
def test_a_machine_that_cannot_do_the_work_ends_the_run(make_pool: PoolMaker, settings: NullSettings):
    with pytest.raises(EnvironmentFailed, match="no Dolphin here; install one"):
        go(make_pool(settings), games(5, behaviour="find no Dolphin"))


@pytest.mark.slow
def test_draining_finishes_what_runs_and_starts_nothing(make_pool: PoolMaker, settings: NullSettings):
    stop = StopSignals()

    def drain_once_running(counts: RunCounts) -> None:
        if counts.running == 2:
            stop.request = Stop.DRAIN

    summary = go(make_pool(settings), games(10, seconds=1.0), stop=stop, on_counts=drain_once_running)
    assert summary.was_stopped
    assert summary.exit_status == 2
    assert 2 <= summary.counts.committed == len(ledger(settings)) < 10
    again = go(make_pool(settings), [task for task in games(10) if task.game_id not in ledger(settings)])
    assert again.counts.committed == 10 - summary.counts.committed


def test_stopping_now_leaves_no_process_and_no_scratch(make_pool: PoolMaker, settings: NullSettings):
    stop = StopSignals()
    shop = replace(settings, children="3599.0001")

    def stop_once_running(counts: RunCounts) -> None:
        if counts.running == 2 and len(sleeping(shop.children)) == 6:
            stop.request = Stop.NOW

    summary = go(make_pool(shop), games(10, seconds=60.0), stop=stop, on_counts=stop_once_running)
    assert summary.was_stopped
    assert ledger(settings) == set()
    wait_for(lambda: not sleeping(shop.children))
    assert shop.scratch_base is not None
    assert list(shop.scratch_base.glob("*")) == []


@pytest.mark.slow
def test_slots_are_replaced_after_so_many_games(make_pool: PoolMaker, settings: NullSettings):
    seen: list[Any] = []
    go(make_pool(settings, num_slots=1, recycle_games=4), games(12), on_result=seen.append)
    assert set(Counter(result.pid for result in seen).values()) == {4}
