"""Measures the time that reading windows takes, by the clock and by the processor."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class WindowTimes:
    """The time that reading some windows took.

    Attributes:
        windows: number of windows read.
        frames: number of frames in all of them.
        cpu_seconds: processor time of this process, including its threads.
        wall_seconds: time by the clock.
    """

    windows: int
    frames: int
    cpu_seconds: float
    wall_seconds: float

    def figures(self) -> dict[str, float]:
        """Return the windows per second of the clock and the frames per second of one core, JSON-ready."""
        return {
            "windows": self.windows,
            "windows_per_second": round(self.windows / self.wall_seconds, 1),
            "frames_per_core_second": round(self.frames / self.cpu_seconds, 1),
        }


def timed(job: Callable[[], int], windows: int) -> WindowTimes:
    """Time a job that reads `windows` windows and returns the number of their frames."""
    wall, cpu = time.perf_counter(), time.process_time()
    frames = job()
    return WindowTimes(windows, frames, time.process_time() - cpu, time.perf_counter() - wall)


def alternated(
    jobs: Mapping[str, Callable[[], int]], windows: int, rounds: int = 3
) -> dict[str, list[WindowTimes]]:
    """Time several jobs in turn, in several rounds, so that a busy machine slows all of them alike."""
    paces: dict[str, list[WindowTimes]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(rounds):
        for name, job in jobs.items():
            paces[name].append(timed(job, windows))
    return paces


def median_of(paces: list[WindowTimes]) -> WindowTimes:
    """Return the round with the median processor time."""
    return sorted(paces, key=lambda pace: pace.cpu_seconds)[len(paces) // 2]
