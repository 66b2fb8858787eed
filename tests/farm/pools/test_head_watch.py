"""The watch on a cluster's head: a run learns whether the head answers, and never waits for it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from null_processes import wait_for

from farm.pools.head_watch import HeadLost, HeadWatch, NoAnswer
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator


class Head:
    """A fake head that numbers its answers, and holds them back while the event `may_answer` is clear."""

    def __init__(self) -> None:
        self.num_asked = 0
        self.is_silent = False
        self.may_answer = threading.Event()
        self.may_answer.set()

    def ask(self) -> int:
        self.num_asked += 1
        self.may_answer.wait(20)
        if self.is_silent:
            raise NoAnswer
        return self.num_asked


@pytest.fixture
def head() -> Iterator[Head]:
    head = Head()
    yield head
    head.may_answer.set()


@pytest.fixture
def watch(head: Head) -> Iterator[HeadWatch[int]]:
    watch = HeadWatch(head.ask, lost_seconds=1.0, every_seconds=0.02)
    watch.start()
    yield watch
    head.may_answer.set()
    watch.stop()


def is_lost(watch: HeadWatch[int]) -> bool:
    try:
        watch.latest()
    except HeadLost:
        return True
    return False


def test_the_newest_answer_is_there_at_once(head: Head, watch: HeadWatch[int]):
    wait_for(lambda: (watch.latest() or 0) >= 3, 60.0)


@pytest.mark.slow
def test_a_head_that_refuses_to_answer_for_long_is_lost_and_one_that_does_again_is_not(
    head: Head, watch: HeadWatch[int]
):
    wait_for(watch.latest, 60.0)
    head.is_silent = True
    assert not is_lost(watch)
    wait_for(lambda: is_lost(watch), 60.0)
    with pytest.raises(EnvironmentFailed, match="run the same command"):
        watch.latest()
    head.is_silent = False
    wait_for(lambda: not is_lost(watch), 60.0)


@pytest.mark.slow
def test_a_head_that_hangs_is_lost_and_whoever_asks_is_told_at_once(head: Head, watch: HeadWatch[int]):
    wait_for(watch.latest, 60.0)
    head.may_answer.clear()
    longest = 0.0
    deadline = time.monotonic() + 15.0
    lost = False
    while not lost and time.monotonic() < deadline:
        began = time.monotonic()
        lost = is_lost(watch)
        longest = max(longest, time.monotonic() - began)
    assert lost
    assert longest < 5.0  # of the 20 s for which the head hangs


def test_an_answer_asked_for_now_is_newer_than_the_question(head: Head):
    watch = HeadWatch(head.ask, every_seconds=60.0)
    watch.start()
    wait_for(watch.latest, 60.0)
    before = head.num_asked
    began = time.monotonic()
    assert (watch.newer(5.0) or 0) > before
    assert time.monotonic() - began < 2.0  # before the next regular question
    head.is_silent = True
    assert watch.newer(0.1) is None
    watch.stop()


def test_time_in_which_nothing_was_asked_is_not_silence(head: Head):
    watch = HeadWatch(head.ask, lost_seconds=0.5, every_seconds=60.0)
    watch.start()
    wait_for(watch.latest, 60.0)
    threading.Event().wait(0.8)  # as if this program had been paused between two questions
    assert watch.latest() == 1
    watch.stop()


def test_a_watch_that_was_stopped_asks_no_more(head: Head, watch: HeadWatch[int]):
    wait_for(watch.latest, 60.0)
    watch.stop()
    asked = head.num_asked
    threading.Event().wait(0.1)
    assert head.num_asked == asked
