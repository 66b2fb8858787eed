"""Counts of a run's games at one moment, and the pace and time left that follow from them."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from farm.engine.exit_status import ExitStatus, exit_status

WINDOW_SECONDS = 600.0  # the pace is that of the last ten minutes: long enough for several games a slot


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Counts of one run at one moment. Every game is in exactly one of the first six counts.

    Attributes:
        committed: Games rendered, proved and committed in this run.
        set_aside: Games written to the ledger with a reason in this run.
        already_done: Games that another run or worker had finished before.
        left_undone: Games given up without a verdict because machines kept failing; the next run tries them
            again.
        running: Games on a slot now.
        waiting: Games not begun, or waiting for another attempt.
        frames_done: Frames of the games in the first four counts.
        frames_total: Frames of all games.
        num_slots: Slots open now.
        num_nodes: Machines with a slot open now.
        retries: Attempts that ended without a result, by kind of failure.
    """

    committed: int = 0
    set_aside: int = 0
    already_done: int = 0
    left_undone: int = 0
    running: int = 0
    waiting: int = 0
    frames_done: int = 0
    frames_total: int = 0
    num_slots: int = 0
    num_nodes: int = 0
    retries: Counter[str] = field(default_factory=Counter)

    @property
    def done(self) -> int:
        """Number of games with a ledger entry."""
        return self.committed + self.set_aside + self.already_done

    @property
    def num_games(self) -> int:
        """Number of games of the run, in every state."""
        return self.done + self.left_undone + self.running + self.waiting

    @property
    def exit_status(self) -> ExitStatus:
        """Exit status that the run would have by these counts alone."""
        return exit_status(num_unfinished=self.num_games - self.done, num_set_aside=self.set_aside)


class RenderingPace:
    """Frames per second of wall time over the last ten minutes, and the time left at that pace.

    The frames of a game count when the game is done. So the pace stays the same from one game's end to the
    next, and falls only if the next game takes longer than the average time between two ends.
    """

    def __init__(self, started: float) -> None:
        self._ends: deque[tuple[float, int]] = deque([(started, 0)])
        self._now = started

    def add(self, now: float, frames_done: int) -> None:
        """Note how many frames were done at `now`, a monotonic time in seconds."""
        self._now = now
        if frames_done > self._ends[-1][1]:
            self._ends.append((now, frames_done))
        # One end at or before the window's start is kept; without it the pace would be over less than the
        # window.
        while len(self._ends) > 2 and self._ends[1][0] <= now - WINDOW_SECONDS:  # noqa: PLR2004 - an interval has two ends
            self._ends.popleft()

    @property
    def frames_per_second(self) -> float:
        """Frames per second over the last ten minutes; 0.0 until anything is done."""
        (first, frames_then), (last, frames_now) = self._ends[0], self._ends[-1]
        if last <= first:
            return 0.0
        expected_gap = (last - first) / (len(self._ends) - 1)
        overdue = max(self._now - last - expected_gap, 0.0)
        return (frames_now - frames_then) / (last - first + overdue)

    def seconds_left(self, frames_left: int) -> float | None:
        """Return the seconds until this many frames are done at this pace; None while no frame is done yet.

        The games that are being rendered are taken to have gone on since the last game ended.
        """
        pace = self.frames_per_second
        return max(frames_left / pace - (self._now - self._ends[-1][0]), 0.0) if pace > 0 else None
