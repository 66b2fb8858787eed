"""The run's figures for Ray's own metrics: they appear on every node's metrics port as `ray_farm_...`.

With `farm.ray_pool` and `farm.ray_nodes` the only doors to Ray.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ray.util.metrics import Gauge

if TYPE_CHECKING:
    from farm.tally import Tally

EXPORT_SECONDS = 5.0


class TallyMetrics:
    """Exports a tally now and then."""

    def __init__(self) -> None:
        self._games = Gauge("farm_games", "Games of the run, by where they stand.", ("state",))
        self._retries = Gauge("farm_retries", "Attempts that ended without a result.", ("failure",))
        self._frames = Gauge("farm_frames_done", "Frames of the games that have an end.")
        self._slots = Gauge("farm_slots", "Slots open now.")
        self._exported = float("-inf")

    def export(self, tally: Tally) -> None:
        """Set the figures, unless that was done a moment ago."""
        if time.monotonic() < self._exported + EXPORT_SECONDS:
            return
        self._exported = time.monotonic()
        for state in ("committed", "set_aside", "already_done", "left_undone", "running", "waiting"):
            self._games.set(getattr(tally, state), {"state": state})
        for failure, count in tally.retries.items():
            self._retries.set(count, {"failure": str(failure)})
        self._frames.set(tally.frames_done)
        self._slots.set(tally.num_slots)
