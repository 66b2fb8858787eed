"""Slots on this machine are processes: they start, break and are replaced, and none is left over."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from null_processes import command_lines, sleeping, wait_for
from null_renderer import NullSettings, NullTask, render_nothing

from farm.engine.pool import Breakage, JobBroke, JobReturned, SlotClosed, SlotOpened
from farm.pools.local_pool import NODE, LocalPool
from workers.errors import EnvironmentFailed
from workers.machine import machine_kind
from workers.scratch import PREFIX, own_folder_in

if TYPE_CHECKING:
    from farm.engine.pool import Event

SECONDS = 60.0  # time for a process to start on a busy machine


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NullSettings:
    """Settings with which everything that a pool makes, its logs too, lies below the test's folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return NullSettings(scratch_base=tmp_path / "scratch")


def pool_of(settings: NullSettings, num_slots: int = 1, **options: Any) -> LocalPool:
    return LocalPool(render_nothing, settings, num_slots=num_slots, **options)


def next_events(pool: LocalPool) -> list[Event]:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := pool.events(1.0):
            return found
    pytest.fail(f"no event within {SECONDS} s")


def opened(pool: LocalPool, number: int = 1) -> list[str]:
    names: list[str] = []
    while len(names) < number:
        for event in next_events(pool):
            assert isinstance(event, SlotOpened)
            names.append(event.slot)
    return names


def files_in(folder: Path) -> list[Path]:
    """The files in a folder, without the folder into which the logs of every run are put."""
    return [
        path
        for path in folder.rglob("*")
        if path not in (own_folder_in(folder), own_folder_in(folder) / "logs")
    ]


def slot_processes() -> set[int]:
    mine = str(os.getpid())
    return {
        pid
        for pid, line in command_lines().items()
        if "farm.pools.slot_process" in line and line[-2:] == [mine, ""]
    }


@pytest.mark.parametrize("options", [{"num_slots": 0}, {"num_slots": 1, "recycle_games": 0}])
def test_a_pool_of_nothing_fails(options: dict[str, int]):
    with pytest.raises(ValueError, match="must be at least 1"):
        LocalPool(render_nothing, NullSettings(), **options)


def test_every_slot_opens_under_a_name_of_its_own_on_this_machine(settings: NullSettings):
    with pool_of(settings, 2) as pool:
        found = [*next_events(pool)]
        while len(found) < 2:
            found += next_events(pool)
    assert {event.slot for event in found if isinstance(event, SlotOpened)} == {"local/0", "local/1"}
    assert {event.node for event in found if isinstance(event, SlotOpened)} == {NODE}


def test_a_task_comes_back_from_another_process(settings: NullSettings):
    with pool_of(settings) as pool:
        (slot,) = opened(pool)
        pool.start(slot, NullTask("g"))
        (event,) = next_events(pool)
    assert isinstance(event, JobReturned)
    assert event.result.game_id == "g"
    assert event.result.pid != os.getpid()  # type: ignore[attr-defined]


@pytest.mark.slow
def test_nothing_is_left_of_a_pool_that_was_idle(settings: NullSettings):
    with pool_of(settings, 2) as pool:
        opened(pool, 2)
        assert len(slot_processes()) == 2
    assert slot_processes() == set()
    assert files_in(Path(tempfile.gettempdir())) == []


def test_nothing_is_left_of_a_pool_that_was_busy(settings: NullSettings, tmp_path: Path):
    shop = NullSettings(scratch_base=settings.scratch_base, children="3599.0101")
    with pool_of(shop) as pool:
        (slot,) = opened(pool)
        pool.start(slot, NullTask("g", seconds=600))
        wait_for(lambda: len(sleeping(shop.children)) == 3)
    assert slot_processes() == set()
    wait_for(lambda: not sleeping(shop.children))
    assert list((tmp_path / "scratch").glob(f"{PREFIX}*")) == []


def test_a_process_that_dies_at_work_breaks_its_job_and_another_opens(settings: NullSettings):
    with pool_of(settings) as pool:
        (slot,) = opened(pool)
        pool.start(slot, NullTask("g", behaviour="kill the worker"))
        assert next_events(pool) == [JobBroke(slot, Breakage.WORKER_DIED, "killed by SIGKILL")]
        assert opened(pool) == ["local/1"]


def test_a_bug_in_the_job_is_told_by_its_last_line(settings: NullSettings):
    with pool_of(settings) as pool:
        (slot,) = opened(pool)
        pool.start(slot, NullTask("g", behaviour="have a bug"))
        (event,) = next_events(pool)
    assert event == JobBroke(slot, Breakage.WORKER_DIED, "exit status 1; RuntimeError: a bug of ours")


def test_a_machine_that_cannot_do_the_work_is_told_and_a_new_slot_opens(settings: NullSettings):
    with pool_of(settings) as pool:
        (slot,) = opened(pool)
        pool.start(slot, NullTask("g", behaviour="find no Dolphin"))
        assert next_events(pool) == [JobBroke(slot, Breakage.ENVIRONMENT, "no Dolphin here; install one")]
        assert opened(pool) == ["local/1"]


def test_a_process_that_dies_idle_closes_its_slot_and_another_opens(settings: NullSettings):
    with pool_of(settings) as pool:
        (slot,) = opened(pool)
        (process,) = slot_processes()
        os.kill(process, signal.SIGKILL)
        assert next_events(pool) == [SlotClosed(slot)]
        assert opened(pool) == ["local/1"]


def test_a_task_for_a_process_that_just_died_breaks_and_does_not_raise(settings: NullSettings):
    with pool_of(settings) as pool:
        (slot,) = opened(pool)
        (process,) = slot_processes()
        os.kill(process, signal.SIGKILL)
        wait_for(lambda: process not in slot_processes())
        pool.start(slot, NullTask("g"))
        assert next_events(pool) == [JobBroke(slot, Breakage.WORKER_DIED, "killed by SIGKILL")]


def test_a_slot_that_is_killed_is_replaced_without_an_event_of_its_own(settings: NullSettings):
    with pool_of(settings) as pool:
        (slot,) = opened(pool)
        pool.start(slot, NullTask("g", behaviour="hang"))
        pool.kill(slot)
        assert next_events(pool) == [SlotOpened("local/1", NODE, machine_kind())]


def test_a_slot_that_there_is_not_cannot_be_started(settings: NullSettings):
    with pool_of(settings) as pool, pytest.raises(KeyError):
        pool.start("local/7", NullTask("g"))


def test_a_slot_is_replaced_after_so_many_games(settings: NullSettings):
    with pool_of(settings, recycle_games=2) as pool:
        (slot,) = opened(pool)
        pool.start(slot, NullTask("a"))
        assert [type(event) for event in next_events(pool)] == [JobReturned]
        pool.start(slot, NullTask("b"))
        assert [type(event) for event in next_events(pool)] == [JobReturned, SlotClosed]
        assert opened(pool) == ["local/1"]


def test_a_local_pool_keeps_its_size_whatever_is_wanted(settings: NullSettings):
    with pool_of(settings) as pool:
        opened(pool)
        for number in (0, 5):
            pool.want(number)
            assert pool.events(0.0) == []
            assert len(slot_processes()) == 1


def test_a_process_that_cannot_start_ends_the_run_with_why(settings: NullSettings, monkeypatch):
    """The job's module exists only in this process, so the slot's process finds no module of that name."""
    module = ModuleType("a_module_of_this_process_alone")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def job(task: NullTask, settings: NullSettings) -> Any: ...

    job.__module__, job.__qualname__, module.job = module.__name__, "job", job  # type: ignore[attr-defined]
    with (
        pytest.raises(EnvironmentFailed, match=r"could not start: .* No module named 'a_module_of_this"),
        LocalPool(job, settings, num_slots=1) as pool,
    ):
        next_events(pool)
    assert slot_processes() == set()


def test_a_process_that_is_not_ready_in_time_ends_the_run(settings: NullSettings, monkeypatch):
    monkeypatch.setattr("farm.pools.local_pool.START_SECONDS", 0.0)
    with (
        pytest.raises(EnvironmentFailed, match="not ready within 0 s; is the machine overloaded"),
        pool_of(settings) as pool,
    ):
        pool.events(0.0)
    assert slot_processes() == set()


def test_a_machine_without_setpriv_fails_in_words_and_leaves_nothing(
    settings: NullSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFailed, match=r"no `setpriv` on PATH; .* install that"):
        pool_of(settings).__enter__()
    assert files_in(Path(tempfile.gettempdir())) == []


def test_a_job_that_cannot_be_sent_leaves_no_process(settings: NullSettings):
    with pytest.raises(Exception, match=r"pickle|local object"):
        LocalPool(lambda _task, _settings: None, settings, num_slots=2).__enter__()  # type: ignore[arg-type,return-value]
    assert slot_processes() == set()
    assert files_in(Path(tempfile.gettempdir())) == []


def test_a_slot_takes_the_modules_that_its_run_can_import(settings: NullSettings):
    """`null_renderer` can be imported only by the sys.path of this process."""
    assert "null_renderer" in sys.modules
    with pool_of(settings) as pool:
        opened(pool)
