"""Sends a run's figures to Ray's own metrics: every node's metrics port shows them as `ray_farm_...`.

In farm, only this module, `farm.pools.ray_pool` and `farm.pools.ray_nodes` import Ray.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ray.util.metrics import Gauge

from farm.engine.metrics import FIGURES, RunMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPORT_SECONDS = 5.0


class RaySink:
    """Keeps figures as Ray's gauges; see `farm.engine.metrics.Sink`."""

    def __init__(self) -> None:
        self._gauges = {name: Gauge(name, figure.about, figure.labels) for name, figure in FIGURES.items()}

    def set(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Set the gauge with that name and those labels."""
        self._gauges[name].set(value, dict(labels))

    def forget(self, name: str, labels: Mapping[str, str]) -> None:
        """Set the series to zero, since Ray never drops a series."""
        self.set(name, 0.0, labels)


def ray_metrics() -> RunMetrics:
    """Return a RunMetrics whose figures go out with the metrics of the node that this program runs on."""
    return RunMetrics(RaySink(), tally_seconds=EXPORT_SECONDS)
