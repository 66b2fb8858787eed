"""Defines the reports that a run makes to whoever watches it, and a watcher that says nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from farm.engine.attempts import FailedAttempt
    from farm.engine.pool import Event, Result
    from farm.engine.run_counts import RunCounts
    from farm.planning.measured_pace import MeasuredPace
    from farm.planning.rates import BudgetChoice
    from farm.run_outcome import PlannedWork
    from manifests.store.contract import Store


class Report(Protocol):
    """Receives what a run reports; the methods stand in the order in which a run calls them."""

    def scanning(self) -> AbstractContextManager[Callable[[int, int], None]]:
        """Return a context for the scan; its function takes (number scanned, number that pass)."""

    def settled(self, choice: BudgetChoice) -> None:
        """Hear which CRF a budget allows, before anything is written."""

    def kept(self, crf: float) -> None:
        """Hear that a dataset keeps the CRF that it was begun with, so that the budget is ignored."""

    def planned(self, work: PlannedWork, store: Store) -> None:
        """Hear what work there is, before it begins."""

    def rendering(self) -> AbstractContextManager[Callable[[RunCounts], None]]:
        """Return a context for the rendering; its function takes the counts, several times a second."""

    def proved(self, pace: MeasuredPace, num_frames_left: int, cores_per_slot: float) -> None:
        """Hear that a kind of machine has rendered its first game, and how fast."""

    def failed(self, attempt: FailedAttempt) -> None:
        """Hear of an attempt that ended without a result, whether or not it is tried again."""

    def ended(self, result: Result) -> None:
        """Hear the result of a game that ended."""

    def noticed(self, line: str) -> None:
        """Hear, in a line for a person, that something is wrong with a machine."""

    def happened(self, event: Event) -> None:
        """Hear what a slot reported: that it opened, closed, returned a result or broke."""


class Silence:
    """A report that says nothing."""

    @contextmanager
    def scanning(self) -> Iterator[Callable[[int, int], None]]:
        """Take the numbers of looked-at and passing replays, and say nothing."""
        yield lambda _looked_at, _passed: None

    def settled(self, choice: BudgetChoice) -> None:
        """Say nothing of a budget."""

    def kept(self, crf: float) -> None:
        """Say nothing of a CRF that stays."""

    def planned(self, work: PlannedWork, store: Store) -> None:
        """Say nothing of the plan."""

    @contextmanager
    def rendering(self) -> Iterator[Callable[[RunCounts], None]]:
        """Take the counts, and say nothing."""
        yield lambda _counts: None

    def proved(self, pace: MeasuredPace, num_frames_left: int, cores_per_slot: float) -> None:
        """Say nothing of a canary."""

    def failed(self, attempt: FailedAttempt) -> None:
        """Say nothing of a failure."""

    def ended(self, result: Result) -> None:
        """Say nothing of a result."""

    def noticed(self, line: str) -> None:
        """Say nothing of a machine."""

    def happened(self, event: Event) -> None:
        """Say nothing of an event."""
