"""The process behind a local slot, tested by the messages at the pool's end of its pipe."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from multiprocessing import Pipe
from typing import TYPE_CHECKING, Any

import pytest
from null_renderer import NullSettings, NullTask, render_nothing

from farm.engine.slot_report import Ready, Returned, Unable
from farm.pools.slot_process import main, serve
from workers.scratch import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

SECONDS = 20.0


@contextmanager
def served(settings: NullSettings) -> Iterator[Connection]:
    """The pool's end of a pipe; a slot serves at the other end until the block closes it."""
    ours, theirs = Pipe()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            serve(theirs)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)
        finally:
            theirs.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        ours.send((render_nothing, settings))
        yield ours
    finally:
        ours.close()
        thread.join(SECONDS)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


def answer(ours: Connection) -> Any:
    assert ours.poll(SECONDS), "no answer"
    return ours.recv()


def serve_one(settings: NullSettings, task: NullTask) -> None:
    """Send one task once the slot has said that it is ready, and read what it says until it is done."""
    with served(settings) as ours:
        assert answer(ours) == Ready()
        ours.send(task)
        with pytest.raises(EOFError):
            answer(ours)


@pytest.fixture
def settings(tmp_path: Path) -> NullSettings:
    return NullSettings(scratch_base=tmp_path / "scratch")


def test_it_says_that_it_is_ready_then_does_one_task_after_the_other(settings: NullSettings):
    with served(settings) as ours:
        assert answer(ours) == Ready()
        for name in ("a", "b"):
            ours.send(NullTask(name))
            report = answer(ours)
            assert isinstance(report, Returned)
            assert report.result.game_id == name


def test_it_ends_quietly_when_the_pool_closes(settings: NullSettings):
    with served(settings) as ours:
        assert answer(ours) == Ready()


def test_it_ends_quietly_when_the_pool_was_gone_before_it_could_say_anything(settings: NullSettings):
    with served(settings):
        pass


def test_a_machine_that_cannot_do_the_work_is_its_last_report(settings: NullSettings):
    with served(settings) as ours:
        assert answer(ours) == Ready()
        ours.send(NullTask("a", behaviour="find no Dolphin"))
        assert answer(ours) == Unable("no Dolphin here; install one")
        with pytest.raises(EOFError):
            answer(ours)


def test_an_error_that_a_job_may_not_raise_ends_it_with_that_error(settings: NullSettings):
    with pytest.raises(RuntimeError, match="a bug of ours"):
        serve_one(settings, NullTask("a", behaviour="have a bug"))


def test_it_first_removes_what_dead_slots_left(settings: NullSettings):
    assert settings.scratch_base is not None
    left = settings.scratch_base / f"{PREFIX}dead"
    left.mkdir(parents=True)
    with served(settings) as ours:
        assert answer(ours) == Ready()
        assert not left.exists()


def test_a_process_whose_parent_is_another_ends_at_once():
    """A process whose parent died before the parent-death signal was in place would else wait for ever."""
    import signal  # noqa: PLC0415 - for this test alone

    reading, writing = os.pipe()
    before = signal.getsignal(signal.SIGINT)
    try:
        main(reading, parent=os.getpid())  # a process that is not the parent of this one
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(reading)
        os.close(writing)
