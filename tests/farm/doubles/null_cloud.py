"""A cloud of which only some nodes can reach the metadata service: as if each asked for itself alone."""

from __future__ import annotations

import os

from farm.pools.spot_notice import aws_notice

METADATA = "NULL_CLOUD_METADATA"  # in the environment of a node: the service's URL
NOBODY = "http://127.0.0.1:9"


def notice_here() -> float | None:
    """Listen as a node of that cloud does, at a test's pace."""
    return aws_notice(os.environ.get(METADATA, NOBODY), 3.0, 0.5)
