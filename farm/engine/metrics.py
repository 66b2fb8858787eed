"""The figures of a run for Prometheus: their names and meaning, and how the loop's reports change them.

A `Sink` carries the figures to Prometheus: `farm.engine.metrics_server` on this machine,
`farm.pools.ray_metrics` on a cluster, where Ray puts `ray_` before each name.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from farm.engine.pool import JobBroke, JobReturned, SlotClosed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farm.engine.pool import Event, Result
    from farm.engine.run_counts import RunCounts

STATES = ("committed", "set_aside", "already_done", "left_undone", "running", "waiting")


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric: its meaning in a sentence, and the names of its labels."""

    about: str
    labels: tuple[str, ...] = ()


FIGURES: Mapping[str, Figure] = {
    "farm_games": Figure("Games of the run, by where they stand.", ("state",)),
    "farm_set_aside": Figure("Games set aside in this run, by reason.", ("reason",)),
    "farm_evidence": Figure("Pieces of evidence on this run's committed games.", ("name", "says")),
    "farm_retries": Figure("Attempts that ended without a result.", ("failure",)),
    "farm_frames_done": Figure("Frames of the games that have an end."),
    "farm_frames_total": Figure("Frames of all games of the run."),
    "farm_video_bytes": Figure("Bytes of video that this run committed."),
    "farm_slots": Figure("Slots open now."),
    "farm_nodes": Figure("Machines with a slot open now."),
    "farm_worker_frames_per_second": Figure(
        "Frames per second of each slot, over its last game.", ("worker",)
    ),
}


class Sink(Protocol):
    """Carries a run's figures to Prometheus."""

    def set(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Set a figure of FIGURES; `labels` has exactly its labels."""

    def forget(self, name: str, labels: Mapping[str, str]) -> None:
        """Drop the series with these labels: the slot or machine that it was measured on is gone."""


class Unheard:
    """A sink for runs without metrics: it drops every figure."""

    def set(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Drop a figure, since nobody asked for metrics."""

    def forget(self, name: str, labels: Mapping[str, str]) -> None:
        """Do nothing, since no series is kept."""


class RunMetrics:
    """Turns what `farm.engine.loop.run` reports into figures, and sends them to a sink.

    Args:
        sink: receives the figures.
        tally_seconds: least time between two sets of counts; the last one of a run is always sent.
    """

    def __init__(self, sink: Sink, *, tally_seconds: float = 0.0) -> None:
        self._sink, self._tally_seconds = sink, tally_seconds
        self._told_at = float("-inf")
        self._video_bytes = 0
        self._set_aside: Counter[str] = Counter()
        self._evidence: Counter[tuple[str, str]] = Counter()
        self._workers: set[str] = set()

    def on_counts(self, counts: RunCounts) -> None:
        """Send the run's counts, unless they were sent a moment ago."""
        is_last = not (counts.running or counts.waiting)
        if not is_last and time.monotonic() < self._told_at + self._tally_seconds:
            return
        self._told_at = time.monotonic()
        for state in STATES:
            self._sink.set("farm_games", getattr(counts, state), {"state": state})
        for failure, count in counts.retries.items():
            self._sink.set("farm_retries", count, {"failure": str(failure)})
        self._sink.set("farm_frames_done", counts.frames_done, {})
        self._sink.set("farm_frames_total", counts.frames_total, {})
        self._sink.set("farm_slots", counts.num_slots, {})
        self._sink.set("farm_nodes", counts.num_nodes, {})

    def on_result(self, result: Result) -> None:
        """Count a game that ended: its video, its evidence, or the reason why it was set aside."""
        if result.status == "set_aside":
            reason = str(result.reason)
            self._set_aside[reason] += 1
            self._sink.set("farm_set_aside", self._set_aside[reason], {"reason": reason})
        if result.status != "committed":
            return
        # The null results of a farm, which tests render, have only the fields that the protocol asks for.
        self._video_bytes += getattr(result, "video_bytes", 0)
        self._sink.set("farm_video_bytes", self._video_bytes, {})
        for name, says in getattr(result, "evidence", ()):
            self._evidence[name, says] += 1
            self._sink.set("farm_evidence", self._evidence[name, says], {"name": name, "says": says})

    def on_event(self, event: Event) -> None:
        """Send the pace of a slot that finished a game; forget the pace of a slot that is gone."""
        match event:
            case JobReturned() if (seconds := getattr(event.result, "wall_seconds", 0.0)) > 0:
                self._workers.add(event.slot)
                pace = event.result.num_frames / seconds if event.result.status == "committed" else 0.0
                self._sink.set("farm_worker_frames_per_second", pace, {"worker": event.slot})
            case SlotClosed() | JobBroke() if event.slot in self._workers:
                self._workers.discard(event.slot)
                self._sink.forget("farm_worker_frames_per_second", {"worker": event.slot})
            case _:
                pass
