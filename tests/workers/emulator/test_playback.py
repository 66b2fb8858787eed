"""The deadlines and endings of a play, with made-up arrivals and a real, idle child process."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.ledger.reasons import Reason
from workers.emulator.arrivals import Arrivals
from workers.emulator.child import Child
from workers.emulator.contract import HEIGHT, TAIL_PICTURES, WIDTH, BootImage, Deadlines, LogLine, Picture
from workers.emulator.playback import playback
from workers.errors import EmulatorFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOOT_IMAGE = BootImage(b"anything", num_frames=2)
NUM_PICTURES = 2 + TAIL_PICTURES
TAIL = ("12:34:567 Core/HW/EXI.cpp:305 N[OSREPORT]: [CURRENT_FRAME] 5", "Unknown opcode")


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    with Child(
        ["sleep", "600"],
        folder=tmp_path,
        environment=os.environ,
        stdout=tmp_path / "out",
        stderr=tmp_path / "err",
    ) as running:
        yield running


@pytest.fixture
def arrivals(child: Child) -> Arrivals:
    return Arrivals(child)


def show(arrivals: Arrivals, number: int = 1) -> None:
    for _ in range(number):
        arrivals.picture(np.zeros((HEIGHT * 3 // 2, WIDTH), np.uint8))


def play(arrivals: Arrivals, child: Child, deadlines: Deadlines | None = None) -> Iterator[Picture | LogLine]:
    return playback(arrivals, child, lambda: TAIL, BOOT_IMAGE, deadlines or Deadlines(10.0, 10.0, 60.0))


def test_it_ends_once_every_picture_and_the_games_end_were_seen(arrivals: Arrivals, child: Child):
    show(arrivals, 2)
    arrivals.line("[GAME_END_FRAME] -122")
    show(arrivals, TAIL_PICTURES)
    events = list(play(arrivals, child))
    assert [event.capture_index for event in events if isinstance(event, Picture)] == [*range(NUM_PICTURES)]
    assert [event for event in events if isinstance(event, LogLine)] == [LogLine(1, "[GAME_END_FRAME] -122")]


def test_pictures_beyond_those_asked_for_are_dropped_while_the_games_end_is_awaited(
    arrivals: Arrivals, child: Child
):
    show(arrivals, NUM_PICTURES + 5)
    arrivals.line("[GAME_END_FRAME] -122")
    assert sum(isinstance(event, Picture) for event in play(arrivals, child)) == NUM_PICTURES


def test_a_game_that_never_says_that_it_ended_fails(arrivals: Arrivals, child: Child):
    show(arrivals, NUM_PICTURES)
    with pytest.raises(EmulatorFailed, match=r"nothing new within 0\.05 s.*; 10 of 10 pictures") as failure:
        list(play(arrivals, child, Deadlines(10.0, 0.05, 60.0)))
    assert failure.value.reason is Reason.EMULATOR_STALLED


def test_no_first_picture_in_time_fails(arrivals: Arrivals, child: Child):
    arrivals.line("[CURRENT_FRAME] -123")
    with pytest.raises(EmulatorFailed, match=r"no picture within 0\.05 s; run fewer.*; 0 of 10") as failure:
        list(play(arrivals, child, Deadlines(0.05, 10.0, 60.0)))
    assert failure.value.reason is Reason.EMULATOR_STALLED


def test_lines_alone_are_no_progress(arrivals: Arrivals, child: Child):
    show(arrivals)
    stop = threading.Event()

    def chatter() -> None:
        while not stop.wait(0.01):
            arrivals.line("[CURRENT_FRAME] -123")

    speaker = threading.Thread(target=chatter, daemon=True)
    speaker.start()
    try:
        with pytest.raises(EmulatorFailed, match=r"nothing new within 0\.1 s"):
            list(play(arrivals, child, Deadlines(10.0, 0.1, 60.0)))
    finally:
        stop.set()
        arrivals.close()
        speaker.join(240)


def test_a_consumer_that_takes_its_time_is_no_stall(arrivals: Arrivals, child: Child):
    show(arrivals, NUM_PICTURES)
    arrivals.line("[GAME_END_FRAME] -122")
    for event in play(arrivals, child, Deadlines(10.0, 0.1, 60.0)):
        if isinstance(event, Picture) and event.capture_index == 0:
            time.sleep(0.3)


def test_the_total_deadline_counts_the_consumers_time_too(arrivals: Arrivals, child: Child):
    show(arrivals, NUM_PICTURES)
    events = play(arrivals, child, Deadlines(10.0, 10.0, 0.1))
    next(events)
    time.sleep(0.2)
    with pytest.raises(EmulatorFailed, match=r"not done within 0\.1 s; allow more.*; 1 of 10") as failure:
        list(events)
    assert failure.value.reason is Reason.EMULATOR_TIMEOUT


def test_an_exit_fails_with_the_status_and_the_last_words(arrivals: Arrivals, child: Child):
    show(arrivals, 3)
    arrivals.end("its output ended")
    os.kill(child.process_id, 11)
    complaint = r"killed by SIGSEGV; 3 of 10 pictures seen; it last said: .*FRAME\] 5 \| Unknown opcode"
    with pytest.raises(EmulatorFailed, match=complaint) as failure:
        list(play(arrivals, child))
    assert failure.value.reason is Reason.EMULATOR_EXIT
    assert "12:34" not in str(failure.value)


def test_pictures_that_arrived_before_an_exit_are_still_yielded(arrivals: Arrivals, child: Child):
    show(arrivals, 3)
    arrivals.end("its output ended")
    os.kill(child.process_id, 9)
    events = play(arrivals, child)
    assert [next(events) for _ in range(3)]
    with pytest.raises(EmulatorFailed):
        next(events)


def test_a_stream_that_ends_while_the_emulator_runs_fails_with_the_reason(
    arrivals: Arrivals, child: Child, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("workers.emulator.playback._EXIT_SECONDS", 0.1)
    arrivals.end("its pictures are 640x524 yuv420p, not 640x480 yuv420p")
    with pytest.raises(EmulatorFailed, match=r"still runs, but its pictures are 640x524") as failure:
        list(play(arrivals, child))
    assert failure.value.reason is Reason.EMULATOR_EXIT
