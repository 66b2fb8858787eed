"""The queue between an emulator's threads and the renderer: order, dates, bounds; nobody waits for ever."""

from __future__ import annotations

import threading

import numpy as np

from workers.emulator.arrivals import Arrivals, SourceEnded
from workers.emulator.contract import HEIGHT, WIDTH, LogLine, Picture, Yuv


def yuv() -> Yuv:
    return np.zeros((HEIGHT * 3 // 2, WIDTH), np.uint8)


def test_arrivals_come_out_in_order_and_lines_know_the_newest_picture():
    arrivals = Arrivals()
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
    assert Arrivals().take(0.01) is None


def test_a_full_queue_holds_the_filler_back_until_one_is_taken():
    arrivals = Arrivals(read_ahead_pictures=2)
    progress = [threading.Event() for _ in range(3)]

    def fill() -> None:
        for done in progress:
            arrivals.picture(yuv())
            done.set()

    filler = threading.Thread(target=fill, daemon=True)
    filler.start()
    assert progress[0].wait(10)
    assert not progress[1].wait(0.2)  # the second is in, and its giver waits for room
    assert isinstance(arrivals.take(10), Picture)
    assert progress[1].wait(10)
    arrivals.close()
    filler.join(10)
    assert not filler.is_alive()


def test_a_line_behind_a_picture_that_waits_comes_out_behind_it():
    arrivals = Arrivals(read_ahead_pictures=1)
    filler = threading.Thread(target=arrivals.picture, args=(yuv(),), daemon=True)
    filler.start()
    assert isinstance(arrivals.take(10), Picture)
    filler.join(10)
    arrivals.line("next")
    assert arrivals.take(10) == LogLine(0, "next")


def test_lines_are_bounded_too():
    arrivals = Arrivals(read_ahead_lines=1)
    filler = threading.Thread(target=arrivals.line, args=("one",), daemon=True)
    filler.start()
    filler.join(0.2)
    assert filler.is_alive()
    assert arrivals.take(10) == LogLine(-1, "one")
    filler.join(10)
    assert not filler.is_alive()


def test_closing_lets_go_of_who_waits_and_tells_them():
    arrivals = Arrivals(read_ahead_pictures=1, read_ahead_lines=1)
    answers: list[bool] = []
    fillers = [
        threading.Thread(target=lambda: answers.append(arrivals.picture(yuv())), daemon=True),
        threading.Thread(target=lambda: answers.append(arrivals.line("x")), daemon=True),
    ]
    for filler in fillers:
        filler.start()
        filler.join(0.1)
    arrivals.close()
    for filler in fillers:
        filler.join(10)
    assert answers == [False, False]
    assert arrivals.picture(yuv()) is False
