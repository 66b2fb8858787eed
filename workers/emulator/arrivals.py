"""Where what an emulator shows and what it says meet: one bounded queue in order of arrival."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from workers.emulator.contract import LogLine, Picture

if TYPE_CHECKING:
    from workers.emulator.contract import Yuv

MOST_PICTURES: Final = 24
"""So many wait at most, but for the few under way when that is reached: 12 MiB."""

RESUME_PICTURES: Final = 8
"""The emulator goes on when so few are left, early enough that the consumer never waits for it."""

MOST_LINES: Final = 4096
"""Far more than a game prints while MOST_PICTURES are shown."""


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """A source of events has nothing more to give; `why` fits into a sentence."""

    why: str


Arrival: TypeAlias = Picture | LogLine | SourceEnded


class Suspendable(Protocol):
    """What can be stopped where it is: a Child."""

    def suspend(self) -> None:
        """Stop it."""

    def resume(self) -> None:
        """Let it go on."""


class Arrivals:
    """Filled by the threads that read from an emulator, emptied by the one that renders.

    While too many pictures wait, the emulator is suspended. If it were held back by a full pipe instead, a
    line would come in while its picture still lay in that pipe, the further back the fuller it is, and lines
    could not be matched with pictures by their order of arrival.

    Args:
        emulator: what is suspended.
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
        """Add the next picture; False if nobody wants any more."""
        with self._changed:
            self._add(Picture(self._next_capture_index, yuv))
            self._next_capture_index += 1
            is_full = self._num_waiting[Picture] >= MOST_PICTURES
            if is_full and not (self._is_suspended or self._closed):
                self._is_suspended = True
                self._emulator.suspend()
            return not self._closed

    def line(self, text: str) -> bool:
        """Add a line, dated by the newest picture; False if nobody wants any more.

        Waits, until `close` at most, while MOST_LINES wait: then the emulator is held back by its full pipe.
        """
        with self._changed:
            self._add(LogLine(self._next_capture_index - 1, text))
            self._changed.wait_for(lambda: self._closed or self._num_waiting[LogLine] < MOST_LINES)
            return not self._closed

    def end(self, why: str) -> None:
        """Add, behind everything that arrived before it, that a source has ended."""
        with self._changed:
            self._add(SourceEnded(why))

    def take(self, timeout_seconds: float) -> Arrival | None:
        """The next arrival; None if none came in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._queue), timeout_seconds):
                return None
            arrival = self._queue.popleft()
            self._num_waiting[type(arrival)] -= 1
            if self._is_suspended and self._num_waiting[Picture] <= RESUME_PICTURES:
                self._is_suspended = False
                self._emulator.resume()
            self._changed.notify_all()
            return arrival

    def close(self) -> None:
        """Nobody takes any more: the emulator is left alone, no thread waits, every picture is let go."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()

    def _add(self, arrival: Arrival) -> None:
        if not self._closed:
            self._queue.append(arrival)
            self._num_waiting[type(arrival)] += 1
            self._changed.notify_all()
