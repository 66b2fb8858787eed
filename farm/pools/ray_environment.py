"""Environment variables that must be set before Ray is imported, which reads them once and hands them on."""

from __future__ import annotations

import os

SETTINGS = {
    # Explicit always: left unset, a cluster's mode depends on whether anybody ever started Ray on its head.
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray ends a driver whose head is silent for so long, with status 1; head_watch is sooner, with 2.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "300",
    # Paragraphs on every worker and node that died would drown our line; the pool tells each in one.
    "RAY_LOG_TO_DRIVER_EVENT_LEVEL": "ERROR",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^A worker died or was killed|^Raylet is terminated|^The node with node id",
}


def prepare() -> None:
    """Set every variable that the user has not set; call this before importing `farm.pools.ray_pool`."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
