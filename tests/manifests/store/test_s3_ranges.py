"""Byte ranges are read by signed URLs: one signature serves many, and boto3 does what they cannot."""

from __future__ import annotations

import os
import traceback
from typing import Any

import pytest

from manifests.store import s3_ranges
from manifests.store.contract import ObjectMissing, StoreFailed
from manifests.store.s3 import S3Store
from manifests.store.s3_client import Patience
from tests.s3_server.fault_proxy import FaultPlan, FaultProxy
from tests.s3_server.fixtures import new_bucket

pytestmark = pytest.mark.s3

HASTY = Patience(max_attempts=12, first_pause_seconds=0.01, max_pause_seconds=0.05, read_seconds=1.0)
BODY = os.urandom(200_000)


@pytest.fixture
def store(s3_proxy: FaultProxy) -> S3Store:
    """A store that holds BODY under `key`."""
    opened = S3Store.open(new_bucket(s3_proxy.url, is_conditional=True), HASTY)
    opened.put("key", BODY)
    return opened


class Calls:
    """Counts the requests to a boto3 client."""

    def __init__(self, store: S3Store, patch: pytest.MonkeyPatch) -> None:
        self.gets = self.signatures = 0
        boto = store._client._boto()
        get, sign = boto.get_object, boto.generate_presigned_url

        def counted_get(**arguments: Any) -> Any:
            self.gets += 1
            return get(**arguments)

        def counted_sign(*words: Any, **arguments: Any) -> Any:
            self.signatures += 1
            return sign(*words, **arguments)

        patch.setattr(boto, "get_object", counted_get)
        patch.setattr(boto, "generate_presigned_url", counted_sign)


@pytest.fixture
def calls(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(store, monkeypatch)


def test_one_signature_of_version_4_serves_all_ranges_of_an_object(store: S3Store, calls: Calls):
    for start, end in ((0, 1), (10, 70_000), (199_999, 200_000), (0, 200_000)):
        assert store.get_range("key", start, end) == BODY[start:end]
    assert (calls.signatures, calls.gets) == (1, 0)
    (_, url), *_ = store._client._ranges._urls.values()
    assert "X-Amz-Signature=" in url


def test_a_signature_is_made_anew_in_time(store: S3Store, calls: Calls, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(s3_ranges, "_USED_SECONDS", 0.0)
    assert [store.get_range("key", 0, 5) for _ in range(3)] == [BODY[:5]] * 3
    assert calls.signatures == 3


def test_urls_are_kept_in_bounds(store: S3Store, calls: Calls, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(s3_ranges, "_MAX_URLS", 2)
    for n in range(4):
        store.put(f"other/{n}", BODY)
        assert store.get_range(f"other/{n}", 3, 9) == BODY[3:9]
    assert len(store._client._ranges._urls) == 2


def test_a_server_that_takes_no_signed_urls_is_asked_once_and_boto3_from_then_on(
    store: S3Store, calls: Calls, monkeypatch: pytest.MonkeyPatch, s3_proxy: FaultProxy
):
    boto = store._client._boto()
    sign = boto.generate_presigned_url
    monkeypatch.setattr(boto, "generate_presigned_url", lambda *a, **k: f"{sign(*a, **k)[:-4]}0000")
    before = s3_proxy.num_requests
    assert [store.get_range("key", n, n + 5) for n in range(3)] == [BODY[n : n + 5] for n in range(3)]
    assert (calls.signatures, calls.gets, s3_proxy.num_requests - before) == (1, 3, 4)


def test_what_went_wrong_is_said_by_boto3(store: S3Store):
    with pytest.raises(ObjectMissing):
        store.get_range("none", 0, 5)
    with pytest.raises(StoreFailed, match="ends before byte 200001"):
        store.get_range("key", 0, 200_001)
    with pytest.raises(StoreFailed, match="ends before byte 300001"):
        store.get_range("key", 300_000, 300_001)
    assert store.get_range("key", 0, 5) == BODY[:5]
    assert store.num_retries == 0


def test_no_error_tells_a_signature(store: S3Store, s3_proxy: FaultProxy, caplog: pytest.LogCaptureFixture):
    hasty = S3Store.open(store.url, Patience(1, 0.01, 0.05, 1.0, 1.0))
    assert hasty.get_range("key", 0, 5) == BODY[:5]
    s3_proxy.plan = FaultPlan(1.0, ("lost_answer",))
    with pytest.raises(StoreFailed) as failure:
        hasty.get_range("key", 0, 5)
    assert "X-Amz-" not in "".join(traceback.format_exception(failure.value)) + caplog.text


@pytest.mark.parametrize("fault", ["500", "lost_answer", "reset_mid_answer", "truncated_answer", "stall"])
def test_a_range_comes_whole_through_a_bad_network(store: S3Store, s3_proxy: FaultProxy, fault: str):
    s3_proxy.plan = FaultPlan(0.4, (fault,), stall_seconds=1.5, seed=1)
    for n in range(30):
        assert store.get_range("key", n, n + 100_000) == BODY[n : n + 100_000]
        if n >= 4 and s3_proxy.counts[fault] > 1:
            return
    pytest.fail(f"{fault} struck {s3_proxy.counts[fault]} times")
