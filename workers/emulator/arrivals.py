"""Where what an emulator shows and what it says meet: one bounded queue in order of arrival."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workers.emulator.contract import LogLine, Picture

if TYPE_CHECKING:
    from workers.emulator.contract import Yuv

READ_AHEAD_PICTURES = 8
"""Pictures that may wait. It evens out the encoder's slow key frames and costs 3.5 MiB; more would only delay
the emulator's being stopped."""

READ_AHEAD_LINES = 4096
"""Lines that may wait: far more than a game prints while READ_AHEAD_PICTURES are shown."""


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """A source of events has nothing more to give; `why` fits into a sentence."""

    why: str


Arrival: TypeAlias = Picture | LogLine | SourceEnded


class Arrivals:
    """Filled by the threads that read from an emulator, emptied by the one that renders.

    A full queue holds its fillers back, and through them the emulator. After `close` nothing waits any more.
    """

    def __init__(
        self, read_ahead_pictures: int = READ_AHEAD_PICTURES, read_ahead_lines: int = READ_AHEAD_LINES
    ) -> None:
        self._changed = threading.Condition()
        self._queue: deque[Arrival] = deque()
        self._pictures_left = read_ahead_pictures
        self._lines_left = read_ahead_lines
        self._next_capture_index = 0
        self._closed = False

    def picture(self, yuv: Yuv) -> bool:
        """Add the next picture, then wait until there is room for another; False if nobody wants any more."""
        with self._changed:
            self._queue.append(Picture(self._next_capture_index, yuv))
            self._next_capture_index += 1
            self._pictures_left -= 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._pictures_left > 0)
            return not self._closed

    def line(self, text: str) -> bool:
        """Add a line, dated by the newest picture, then wait likewise; False if nobody wants any more."""
        with self._changed:
            self._queue.append(LogLine(self._next_capture_index - 1, text))
            self._lines_left -= 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._lines_left > 0)
            return not self._closed

    def end(self, why: str) -> None:
        """Add, behind everything that arrived before it, that a source has ended."""
        with self._changed:
            self._queue.append(SourceEnded(why))
            self._changed.notify_all()

    def take(self, timeout_seconds: float) -> Arrival | None:
        """The next arrival; None if none came in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._queue), timeout_seconds):
                return None
            arrival = self._queue.popleft()
            if isinstance(arrival, Picture):
                self._pictures_left += 1
            elif isinstance(arrival, LogLine):
                self._lines_left += 1
            self._changed.notify_all()
            return arrival

    def close(self) -> None:
        """Nobody takes any more: let go of every waiting thread and of every picture."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()
