"""Acts as a cloud in which only some nodes reach the metadata service, as if each node had its own."""

from __future__ import annotations

import os

from farm.pools.spot_notice import aws_notice

METADATA = "NULL_CLOUD_METADATA"  # environment variable of a node: the service's URL
NOBODY = "http://127.0.0.1:9"


def notice_here() -> float | None:
    """Listen for a spot notice as a node of that cloud does, at a test's pace."""
    return aws_notice(os.environ.get(METADATA, NOBODY), 3.0, 0.5)
