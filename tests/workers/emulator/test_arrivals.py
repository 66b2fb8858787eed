"""The queue between an emulator's threads and the renderer keeps order and bounds, and never hangs."""

from __future__ import annotations

import threading

import numpy as np

from workers.emulator import arrivals as module
from workers.emulator.arrivals import MOST_PICTURES, RESUME_PICTURES, Arrivals, SourceEnded
from workers.emulator.contract import HEIGHT, WIDTH, LogLine, Picture, Yuv


class Emulator:
    """A fake emulator that remembers the calls to it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def suspend(self) -> None:
        self.told.append("suspend")

    def resume(self) -> None:
        self.told.append("resume")


def yuv() -> Yuv:
    return np.zeros((HEIGHT * 3 // 2, WIDTH), np.uint8)


def test_arrivals_come_out_in_order_and_lines_know_the_newest_picture():
    arrivals = Arrivals(Emulator())
    arrivals.line("before any")
    arrivals.picture(yuv())
    arrivals.line("after the first")
    arrivals.picture(yuv())
    arrivals.end("all done")
    taken = [arrivals.take(1) for _ in range(5)]
    assert taken[0] == LogLine(-1, "before any")
    assert isinstance(taken[1], Picture)
    assert taken[1].capture_index == 0
    assert taken[2] == LogLine(0, "after the first")
    assert isinstance(taken[3], Picture)
    assert taken[3].capture_index == 1
    assert taken[4] == SourceEnded("all done")


def test_taking_from_an_empty_queue_ends_at_the_deadline():
    assert Arrivals(Emulator()).take(0.01) is None


def test_the_emulator_is_suspended_once_while_too_many_pictures_wait():
    emulator = Emulator()
    arrivals = Arrivals(emulator)
    for _ in range(MOST_PICTURES - 1):
        arrivals.picture(yuv())
    assert emulator.told == []
    for _ in range(3):  # pictures that are under way still come
        arrivals.picture(yuv())
    assert emulator.told == ["suspend"]
    for _ in range(MOST_PICTURES + 2 - RESUME_PICTURES - 1):
        arrivals.take(1)
    assert emulator.told == ["suspend"]
    arrivals.take(1)
    assert emulator.told == ["suspend", "resume"]


def test_it_is_suspended_again_when_it_was_too_fast_again():
    emulator = Emulator()
    arrivals = Arrivals(emulator)
    for _ in range(2):
        for _ in range(MOST_PICTURES):
            arrivals.picture(yuv())
        for _ in range(MOST_PICTURES):
            assert isinstance(arrivals.take(1), Picture)
    assert emulator.told == ["suspend", "resume"] * 2


def test_once_closed_it_leaves_the_emulator_alone_and_says_that_it_is():
    emulator = Emulator()
    arrivals = Arrivals(emulator)
    arrivals.close()
    assert not any(arrivals.picture(yuv()) for _ in range(MOST_PICTURES + 1))
    assert not arrivals.line("x")
    assert emulator.told == []


def test_lines_are_bounded_and_closing_lets_go_of_who_waits(monkeypatch):
    monkeypatch.setattr(module, "MOST_LINES", 1)
    arrivals = Arrivals(Emulator())
    answers: list[bool] = []
    fillers = [
        threading.Thread(target=lambda: answers.append(arrivals.line("x")), daemon=True) for _ in range(2)
    ]
    fillers[0].start()
    fillers[0].join(0.2)
    assert fillers[0].is_alive()
    assert arrivals.take(10) == LogLine(-1, "x")
    fillers[0].join(240)
    assert answers == [True]
    fillers[1].start()
    fillers[1].join(0.2)
    assert fillers[1].is_alive()
    arrivals.close()
    fillers[1].join(240)
    assert answers == [True, False]
