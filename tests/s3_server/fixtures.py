"""Fixtures with the S3 server; each conftest imports those that its tests use."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.s3_server.fault_proxy import FaultProxy
from tests.s3_server.server import ACCESS, swift_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def s3_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """The S3 server behind a proxy that serialises conditional puts, and injects faults when told to."""
    port = swift_port()
    for name, value in ACCESS.items():
        monkeypatch.setenv(name, value)
    with FaultProxy(port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield proxy


@pytest.fixture
def bare_s3(monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of the S3 server without the proxy; it checks If-None-Match without a lock."""
    url = f"http://127.0.0.1:{swift_port()}"
    for name, value in {**ACCESS, "AWS_ENDPOINT_URL_S3": url}.items():
        monkeypatch.setenv(name, value)
    return url


def new_bucket(endpoint: str, *, is_conditional: bool | None = None) -> str:
    """Make a bucket; return its s3:// URL with a prefix in it.

    Args:
        endpoint: URL of the server.
        is_conditional: what store.json says beforehand of conditional writes, so that they are not tested;
            None for no store.json.
    """
    import boto3  # noqa: PLC0415 - where it is absent, these tests were skipped before

    bucket = f"farm-{secrets.token_hex(6)}"
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=bucket)
    if is_conditional is not None:
        body = f'{{"conditional_writes": {str(is_conditional).lower()}}}'.encode()
        metadata = {"sha256": hashlib.sha256(body).hexdigest()}
        client.put_object(Bucket=bucket, Key="data/set/store.json", Body=body, Metadata=metadata)
    return f"s3://{bucket}/data/set"
