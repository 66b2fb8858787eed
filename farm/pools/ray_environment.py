"""Sets environment variables that must be set before Ray is imported, since Ray reads them only once."""

from __future__ import annotations

import os

SETTINGS = {
    # Always explicit: if unset, a cluster's mode depends on whether anybody ever started Ray on its head.
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # After this silence of the head Ray ends a driver with status 1; head_watch ends it sooner, with 2.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "300",
    # Ray's paragraphs about every dead worker and node would bury our line; the pool reports each in one
    # line.
    "RAY_LOG_TO_DRIVER_EVENT_LEVEL": "ERROR",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^A worker died or was killed|^Raylet is terminated|^The node with node id",
}


def prepare() -> None:
    """Set every variable that the user has not set; call this before importing `farm.pools.ray_pool`."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
