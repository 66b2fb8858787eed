"""Merge an emulator's pictures and log lines into one bounded queue, in order of arrival."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from workers.emulator.contract import LogLine, Picture

if TYPE_CHECKING:
    from workers.emulator.contract import Yuv

MOST_PICTURES: Final = 24
"""How many pictures may wait, 12 MiB of them, until the emulator is suspended; a few more may follow."""

RESUME_PICTURES: Final = 8
"""The emulator is resumed when only this many pictures are left: so early that the consumer never waits."""

MOST_LINES: Final = 4096
"""How many lines may wait: far more than a game prints while it shows MOST_PICTURES."""


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """The event that a source of pictures or lines has ended; `why` fits into a sentence."""

    why: str


Arrival: TypeAlias = Picture | LogLine | SourceEnded


class Suspendable(Protocol):
    """A running emulator that can be suspended and resumed, such as a Child."""

    def suspend(self) -> None:
        """Stop the process where it is (SIGSTOP)."""

    def resume(self) -> None:
        """Let the process continue (SIGCONT)."""


class Arrivals:
    """A queue that the threads reading from an emulator fill and the rendering thread empties.

    While too many pictures wait, the emulator is suspended. If a full pipe held it back instead, a log line
    could arrive while its picture still lay in that pipe, and lines could not be matched with pictures by
    their order of arrival.

    Args:
        emulator: the process that is suspended.
    """

    def __init__(self, emulator: Suspendable) -> None:
        self._emulator = emulator
        self._is_suspended = False
        self._changed = threading.Condition()
        self._queue: deque[Arrival] = deque()
        self._num_waiting = {Picture: 0, LogLine: 0, SourceEnded: 0}
        self._next_capture_index = 0
        self._closed = False

    def picture(self, yuv: Yuv) -> bool:
        """Add the next picture; return False if the queue is closed."""
        with self._changed:
            self._add(Picture(self._next_capture_index, yuv))
            self._next_capture_index += 1
            is_full = self._num_waiting[Picture] >= MOST_PICTURES
            if is_full and not (self._is_suspended or self._closed):
                self._is_suspended = True
                self._emulator.suspend()
            return not self._closed

    def line(self, text: str) -> bool:
        """Add a line, with the number of the newest picture; return False if the queue is closed.

        While MOST_LINES are in the queue this call waits, at most until `close`, and the full pipe holds the
        emulator back.
        """
        with self._changed:
            self._add(LogLine(self._next_capture_index - 1, text))
            self._changed.wait_for(lambda: self._closed or self._num_waiting[LogLine] < MOST_LINES)
            return not self._closed

    def end(self, why: str) -> None:
        """Add the end of a source, after everything that arrived before it."""
        with self._changed:
            self._add(SourceEnded(why))

    def take(self, timeout_seconds: float) -> Arrival | None:
        """Return the next arrival; None if none came in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._queue), timeout_seconds):
                return None
            arrival = self._queue.popleft()
            self._num_waiting[type(arrival)] -= 1
            # Resumed well before the queue is empty, since the emulator needs some time to start again.
            if self._is_suspended and self._num_waiting[Picture] <= RESUME_PICTURES:
                self._is_suspended = False
                self._emulator.resume()
            self._changed.notify_all()
            return arrival

    def close(self) -> None:
        """Close the queue: drop every picture, wake every waiting thread, never suspend again."""
        with self._changed:
            # Nobody takes anything from now on, so a suspended emulator would never be resumed.
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()

    def _add(self, arrival: Arrival) -> None:
        if not self._closed:
            self._queue.append(arrival)
            self._num_waiting[type(arrival)] += 1
            self._changed.notify_all()
