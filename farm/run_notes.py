"""Writes the state of a run to the dataset's store every few seconds, for people who watch in a browser."""

from __future__ import annotations

import secrets
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from farm.engine.pool import JobBroke, JobReturned, SlotClosed, SlotOpened
from farm.engine.run_counts import RenderingPace
from manifests.live.notes import FailureNote, RunNote, SlotNote, put_note, remove_old_notes, remove_run_note
from manifests.store.contract import StoreFailed
from workers.printable import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from farm.engine.attempts import FailedAttempt
    from farm.engine.pool import Event, Result, Task
    from farm.engine.run_counts import RunCounts
    from manifests.store.contract import Store

_MOST_FAILURES: Final = 50
_MOST_LINES: Final = 30
_OLD_SECONDS: Final = 3600.0  # a note that was not replaced for this long belongs to a run that was killed
_COUNTED: Final = ("committed", "set_aside", "already_done", "left_undone", "running", "waiting")


class RunNotes:
    """Follows one run and puts a note on the dataset's store every few seconds.

    Args:
        store: the dataset's store. A note that it refuses is left out: nothing depends on notes.
        live_seconds: least time between two notes; 0 to write none.
        clock: seconds since the epoch.
    """

    def __init__(self, store: Store, live_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._store, self._live_seconds, self._clock = store, live_seconds, clock
        self._name, self._started = secrets.token_hex(8), clock()
        self._pace = RenderingPace(self._started)
        self._slots: dict[str, SlotNote] = {}
        self._failures: deque[FailureNote] = deque(maxlen=_MOST_FAILURES)
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)
        self._written_at = float("-inf")

    def began(self, slot: str, task: Task) -> None:
        """Note that a slot has been given a game."""
        self._slots[slot] = replace(self._slots[slot], game_id=task.game_id, since=self._clock())

    def happened(self, event: Event) -> None:
        """Note that a slot opened or closed, or that it is free again."""
        match event:
            case SlotOpened():
                self._slots[event.slot] = SlotNote(event.slot, event.node, event.kind, "", self._clock())
            case SlotClosed() | JobBroke():
                self._slots.pop(event.slot, None)
            case JobReturned():
                self._slots[event.slot] = replace(self._slots[event.slot], game_id="", since=self._clock())

    def failed(self, attempt: FailedAttempt) -> None:
        """Note an attempt that ended without a result; one that was overdue ended with its slot."""
        lost = [name for name, slot in self._slots.items() if slot.game_id == attempt.game_id]
        for name in lost:
            del self._slots[name]
        self._add_failure(attempt.game_id, attempt.node, attempt.failure, attempt.detail)

    def ended(self, result: Result) -> None:
        """Note a game that was set aside."""
        if result.reason is not None:
            self._add_failure(result.game_id, "", str(result.reason), result.detail)

    def proved(self, kind: str, frames_per_second: float, evidence: Mapping[str, str]) -> None:
        """Note that a kind of machine has rendered its first game, and the verdicts of its checks."""
        said = ", ".join(f"{name} {word.replace('_', ' ')}" for name, word in evidence.items())
        self._lines.append(f"First game committed on {kind}: {frames_per_second:,.0f} frames/s; {said}.")

    def noticed(self, line: str) -> None:
        """Note a line that says what is wrong with a machine."""
        self._lines.append(shown(line))

    def counted(self, counts: RunCounts) -> None:
        """Take the run's counts, and write the note if it is due."""
        now = self._clock()
        if self._live_seconds <= 0 or now < self._written_at + self._live_seconds:
            return
        self._written_at = now
        self._pace.add(now, counts.frames_done)
        note = RunNote(
            self._name,
            written_at=now,
            started_at=self._started,
            live_seconds=self._live_seconds,
            counts={name: getattr(counts, name) for name in _COUNTED},
            retries=dict(counts.retries),
            frames_done=counts.frames_done,
            frames_total=counts.frames_total,
            frames_per_second=round(self._pace.frames_per_second, 2),
            frames_per_second_overall=round(counts.frames_done / max(now - self._started, 1e-3), 2),
            slots=tuple(self._slots.values()),
            failures=tuple(self._failures),
            lines=tuple(self._lines),
        )
        with suppress(StoreFailed):
            put_note(self._store, note)

    def begin(self) -> None:
        """Remove notes left behind by runs that were killed long ago."""
        with suppress(StoreFailed):
            remove_old_notes(self._store, self._clock() - _OLD_SECONDS)

    def end(self) -> None:
        """Remove this run's note."""
        with suppress(StoreFailed):
            remove_run_note(self._store, self._name)

    def _add_failure(self, game_id: str, node: str, failure: str, detail: str) -> None:
        self._failures.append(FailureNote(self._clock(), game_id, node, failure, shown(detail)))


@contextmanager
def run_notes(store: Store, live_seconds: float) -> Iterator[RunNotes]:
    """Give the notes of a run, and remove them afterwards.

    Args:
        store: the dataset's store.
        live_seconds: seconds between two notes; 0 to write none.
    """
    notes = RunNotes(store, live_seconds)
    if live_seconds <= 0:
        yield notes
        return
    notes.begin()
    try:
        yield notes
    finally:
        notes.end()
