"""Serves a run's figures to Prometheus on this machine; the only module that imports its client library."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge, start_http_server

from farm.engine.metrics import FIGURES, RunMetrics
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOOPBACK = "127.0.0.1"
LEAVE_SECONDS = 5.0


class RegistrySink:
    """Keeps figures as gauges of a registry of its own; see `farm.engine.metrics.Sink`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gauges = {
            name: Gauge(name, figure.about, figure.labels, registry=self.registry)
            for name, figure in FIGURES.items()
        }

    def set(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Set the gauge with that name, and with those labels if it has any."""
        (self._gauges[name].labels(**labels) if labels else self._gauges[name]).set(value)

    def forget(self, name: str, labels: Mapping[str, str]) -> None:
        """Remove the series with these labels, so that it is no longer served."""
        self._gauges[name].remove(*(labels[label] for label in FIGURES[name].labels))


@contextmanager
def metrics_server(port: int, host: str = LOOPBACK) -> Iterator[tuple[RunMetrics, int]]:
    """Serve `/metrics` while the context lasts; yield the metrics to report to, and the port.

    Args:
        port: port to listen on; 0 for any free one.
        host: address to listen on; everyone who can reach it can read the figures.

    Raises:
        EnvironmentFailed: the port is taken, or the address is not this machine's.
    """
    sink = RegistrySink()
    try:
        server, thread = start_http_server(port, host, sink.registry)
    except (OSError, OverflowError) as problem:
        message = f"metrics cannot be served on {host} port {port}: {problem}; give another --metrics-port"
        raise EnvironmentFailed(message) from problem
    try:
        yield RunMetrics(sink), server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(LEAVE_SECONDS)
