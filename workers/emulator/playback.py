"""Yield the pictures and lines of one play as the contract requires, or fail within the deadlines."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING, Final

from manifests.ledger.reasons import Reason
from workers.emulator.arrivals import SourceEnded
from workers.emulator.contract import GAME_END_FRAME, Picture
from workers.errors import EmulatorFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workers.emulator.arrivals import Arrivals
    from workers.emulator.child import Child
    from workers.emulator.contract import BootImage, Deadlines, LogLine

_LAST_WORDS: Final = 3  # number of last lines that are quoted in an error
_PREFIX: Final = re.compile(r"^\d\d:\d\d:\d{3} \S+ ")  # Dolphin's clock and source line
_EXIT_SECONDS: Final = 10.0  # a dying emulator closes its stream well before it is dead, on a busy machine


class _Clock:
    """Watches the three deadlines. Only time spent waiting counts towards start-up and progress."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._started = time.monotonic()
        self._waited = 0.0
        self.num_pictures = 0

    def picture(self) -> None:
        self.num_pictures += 1
        self._waited = 0.0

    def waited(self, seconds: float) -> None:
        self._waited += seconds

    def left(self) -> float:
        """Return the seconds until the nearest deadline; zero or less if one has passed."""
        quiet = self._deadlines.progress_seconds if self.num_pictures else self._deadlines.startup_seconds
        total = self._deadlines.total_seconds - (time.monotonic() - self._started)
        return min(quiet - self._waited, total)

    def reason(self) -> tuple[Reason, str]:
        """Return the error for the deadline that has passed, once `left()` is zero or less."""
        if time.monotonic() - self._started >= self._deadlines.total_seconds:
            return (
                Reason.EMULATOR_TIMEOUT,
                f"was not done within {self._deadlines.total_seconds:g} s; allow more, or run fewer at once",
            )
        if not self.num_pictures:
            return (
                Reason.EMULATOR_STALLED,
                f"showed no picture within {self._deadlines.startup_seconds:g} s; run fewer at once",
            )
        return (
            Reason.EMULATOR_STALLED,
            f"showed nothing new within {self._deadlines.progress_seconds:g} s; run fewer at once",
        )


def playback(
    arrivals: Arrivals,
    child: Child,
    tail: Callable[[], Sequence[str]],
    boot_image: BootImage,
    deadlines: Deadlines,
) -> Iterator[Picture | LogLine]:
    """Yield arrivals until every picture was shown and the game has printed that it ended.

    Args:
        arrivals: the queue that the reading threads fill.
        child: the emulator, whose exit status is read when a source ends.
        tail: returns the last lines that it printed.
        boot_image: gives the number of pictures; later ones are taken and dropped.
        deadlines: how long to wait.

    Raises:
        EmulatorFailed: a source ended, or a deadline passed, before that.
    """
    clock = _Clock(deadlines)
    has_ended = False
    while not (has_ended and clock.num_pictures == boot_image.num_pictures):
        before = time.monotonic()
        arrival = arrivals.take(clock.left()) if clock.left() > 0 else None
        clock.waited(time.monotonic() - before)
        if arrival is None:
            reason, what = clock.reason()
            raise _failure(reason, f"Dolphin {what}", clock, boot_image, tail)
        if isinstance(arrival, SourceEnded):
            raise _failure(
                Reason.EMULATOR_EXIT, f"Dolphin {_ending(child, arrival)}", clock, boot_image, tail
            )
        if not isinstance(arrival, Picture):
            has_ended = has_ended or arrival.text.startswith(GAME_END_FRAME)
            yield arrival
        elif clock.num_pictures < boot_image.num_pictures:
            clock.picture()
            yield arrival


def _ending(child: Child, ended: SourceEnded) -> str:
    status = child.wait(_EXIT_SECONDS)
    if status is None:
        return f"still runs, but {ended.why}"
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return (
        f"exited by itself with status {status}, which it is never asked to; run it by hand, or farm doctor"
    )


def _failure(
    reason: Reason, what: str, clock: _Clock, boot_image: BootImage, tail: Callable[[], Sequence[str]]
) -> EmulatorFailed:
    said = " | ".join(_PREFIX.sub("", line).strip() for line in tail()[-_LAST_WORDS:])
    seen = f"{clock.num_pictures} of {boot_image.num_pictures} pictures seen"
    return EmulatorFailed(reason, f"{what}; {seen}; it last said: {said or 'nothing'}")
