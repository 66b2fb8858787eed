"""Fixtures with the S3 server, for replays that lie in a bucket."""

from __future__ import annotations

from tests.s3_server.fixtures import s3_proxy

__all__ = ["s3_proxy"]
