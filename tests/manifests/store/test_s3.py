"""The S3 store gives right bytes or an error through any network, and tests what its server can do."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from manifests.ledger.commit import MAX_EDITIONS, place_chunk_file
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import read_entry, write_entry
from manifests.ledger.plan import append_plan
from manifests.store.contract import ObjectMissing, StoreFailed
from manifests.store.keys import parse_data_key, video_key
from manifests.store.open import open_store
from manifests.store.s3 import S3Store
from manifests.store.s3_client import Outcome, Patience, S3Client, Wrong, classify
from tests.s3_server.fault_proxy import FAULTS, FaultPlan, FaultProxy
from tests.s3_server.fixtures import new_bucket
from tests.s3_server.server import OTHER_SERVER

if TYPE_CHECKING:
    from pathlib import Path

HASTY = Patience(max_attempts=12, first_pause_seconds=0.01, max_pause_seconds=0.05, read_seconds=1.0)
BODY = os.urandom(200_000)


def hasty(url: str, patience: Patience = HASTY) -> S3Store:
    return S3Store.open(url, patience)


def client_error(code: str, status: int) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutObject")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (client_error("SlowDown", 503), Outcome.RETRY),
        (client_error("InternalError", 500), Outcome.RETRY),
        (client_error("", 502), Outcome.RETRY),
        (client_error("RequestTimeout", 400), Outcome.RETRY),
        (client_error("BadDigest", 400), Outcome.RETRY),
        (client_error("ConditionalRequestConflict", 409), Outcome.RETRY),
        (client_error("TooManyRequests", 429), Outcome.RETRY),
        (client_error("PreconditionFailed", 412), Outcome.TAKEN),
        (client_error("NoSuchKey", 404), Outcome.MISSING),
        (client_error("404", 404), Outcome.MISSING),
        (client_error("NoSuchBucket", 404), Outcome.FATAL),
        (client_error("AccessDenied", 403), Outcome.FATAL),
        (client_error("InvalidAccessKeyId", 403), Outcome.FATAL),
        (client_error("NotImplemented", 501), Outcome.FATAL),
        (client_error("", 507), Outcome.FULL),
        (client_error("QuotaExceeded", 403), Outcome.FULL),
        (EndpointConnectionError(endpoint_url="x"), Outcome.RETRY),
        (ReadTimeoutError(endpoint_url="x"), Outcome.RETRY),
        (Wrong("bytes"), Outcome.RETRY),
        (NoCredentialsError(), Outcome.FATAL),
    ],
)
def test_what_may_pass_is_tried_again_and_nothing_else(error: Exception, outcome: Outcome):
    assert classify(error) is outcome


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///x", "s3://bucket/../x", "s3://bucket/a?b=c", "s3://bucket/a#b"]
)
def test_what_is_no_s3_url_is_refused(url: str):
    with pytest.raises(StoreFailed, match="give s3://BUCKET"):
        open_store(url)


def test_a_prefix_keeps_stores_apart(s3_proxy: FaultProxy):
    url = new_bucket(s3_proxy.url, is_conditional=True)
    one, other = open_store(url), open_store(f"{url}/deeper/")
    one.put("key", b"one")
    other.put("key", b"other")
    assert (one.get("key"), other.get("key")) == (b"one", b"other")
    assert [info.key for info in other.list()] == ["key"]
    assert other.url == f"{url}/deeper"


def test_an_object_carries_its_hash(s3_proxy: FaultProxy):
    store = open_store(new_bucket(s3_proxy.url))
    store.put("key", BODY)
    assert store.head("key").sha256 == hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_is_outlived(s3_proxy: FaultProxy, fault: str):
    store = hasty(new_bucket(s3_proxy.url, is_conditional=True))
    store.put("before", BODY)
    num_before = store.num_retries
    s3_proxy.plan = FaultPlan(0.3, (fault,), stall_seconds=1.5, seed=3)
    num_rounds = 0
    while num_rounds < 2 or not s3_proxy.counts[fault]:  # repeat until the fault has struck
        assert num_rounds < 20
        n, num_rounds = num_rounds, num_rounds + 1
        assert store.put_if_absent(f"new/{n}", BODY + bytes([n]))
        store.put(f"put/{n}", BODY + bytes([n]))
        assert store.get(f"put/{n}") == BODY + bytes([n])
        assert store.get_range(f"new/{n}", 1000, 200_001) == BODY[1000:] + bytes([n])
        assert store.head(f"new/{n}").size_bytes == 200_001
    assert len(list(store.list("new/"))) == num_rounds
    store.delete("before")
    s3_proxy.plan = FaultPlan()
    assert store.head("before") is None
    for n in range(num_rounds):
        assert store.get(f"new/{n}") == BODY + bytes([n])
    assert store.num_retries > num_before


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("500", "InternalError"),
        ("503", "SlowDown"),
        ("reset_mid_request", "[Cc]onnection"),
        ("wrong_bytes_up", "BadDigest|XAmzContentSHA256Mismatch"),
    ],
)
def test_a_fault_that_stays_fails_after_a_bounded_time_and_leaves_nothing(
    s3_proxy: FaultProxy, fault: str, said: str
):
    store = hasty(new_bucket(s3_proxy.url, is_conditional=True), Patience(3, 0.01, 0.05, 1.0, 1.0))
    assert store.has_conditional_writes
    s3_proxy.plan = FaultPlan(1.0, (fault,))
    for put in (store.put, store.put_if_absent):
        with pytest.raises(StoreFailed, match=f"key: failed 3 times, the last time with: .*({said})"):
            put("key", BODY)
    s3_proxy.plan = FaultPlan()
    assert store.head("key") is None


@pytest.mark.parametrize("fault", ["truncated_answer", "wrong_bytes_down", "reset_mid_answer"])
def test_wrong_bytes_are_never_handed_over(s3_proxy: FaultProxy, fault: str):
    store = hasty(new_bucket(s3_proxy.url, is_conditional=True), Patience(3, 0.01, 0.05, 1.0, 1.0))
    store.put("key", BODY)
    s3_proxy.plan = FaultPlan(1.0, (fault,))
    with pytest.raises(StoreFailed, match="failed 3 times"):
        store.get("key")


def test_a_lost_answer_to_a_conditional_put_is_recognised_as_our_own(s3_proxy: FaultProxy):
    store = hasty(new_bucket(s3_proxy.url, is_conditional=True))
    assert store.has_conditional_writes
    for n in range(8):
        s3_proxy.plan = FaultPlan(0.5, ("lost_answer",), seed=n)
        assert store.put_if_absent(f"key/{n}", f"ours {n}".encode())
        assert not store.put_if_absent(f"key/{n}", b"theirs")
    assert s3_proxy.counts["lost_answer"] > 0


def test_a_wrong_secret_is_refused_at_once(s3_proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch):
    url = new_bucket(s3_proxy.url, is_conditional=True)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    store = hasty(url)
    with pytest.raises(StoreFailed, match="SignatureDoesNotMatch"):
        store.put("key", BODY)
    assert store.num_retries == 0


def test_a_head_that_is_forbidden_and_a_dead_endpoint_say_what_to_check(
    s3_proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
):
    url = new_bucket(s3_proxy.url, is_conditional=True)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(
        StoreFailed, match=r"403.*check AWS_PROFILE, AWS_ACCESS_KEY_ID and the bucket's policy"
    ):
        hasty(url).head("key")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    said = r"check the network and AWS_ENDPOINT_URL_S3 \(requests go to http://127\.0\.0\.1:9\)"
    with pytest.raises(StoreFailed, match=said):
        hasty(url, Patience(2, 0.01, 0.05, 1.0, 1.0)).head("key")


@pytest.mark.slow
def test_a_clock_that_is_off_is_named():
    def refused(*_: object) -> None:
        answer: Any = {
            "Error": {"Code": "RequestTimeTooSkewed", "Message": "skewed"},
            "ResponseMetadata": {"HTTPStatusCode": 403},
        }
        raise ClientError(answer, "PutObject")

    with pytest.raises(StoreFailed, match=r"RequestTimeTooSkewed.*set the clock of this machine"):
        S3Client().call("s3://bucket/key", refused)


def test_no_credentials_are_asked_for_by_name(s3_proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch):
    url = new_bucket(s3_proxy.url, is_conditional=True)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreFailed, match="set AWS_PROFILE"):
        hasty(url).get("key")


def test_a_bucket_that_is_not_there_is_named(s3_proxy: FaultProxy):
    store = hasty("s3://no-such-bucket-here/x")
    with pytest.raises(StoreFailed, match=r"NoSuchBucket.*make the bucket first"):
        store.put("key", BODY)
    with pytest.raises(StoreFailed, match="NoSuchBucket"):
        list(store.list())


def test_a_server_that_is_not_there_fails_after_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch, s3_proxy: FaultProxy
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    store = hasty("s3://bucket/x", Patience(2, 0.01, 0.05, 1.0, 1.0))
    with pytest.raises(StoreFailed, match=r"failed 2 times.*Could not connect"):
        store.get("key")


def get_in_a_child(store: S3Store, result: Any) -> None:
    result.put(hashlib.sha256(store.get("key")).hexdigest())


def test_a_forked_child_does_not_share_connections(s3_proxy: FaultProxy):
    store = hasty(new_bucket(s3_proxy.url, is_conditional=True))
    store.put("key", BODY)
    context = multiprocessing.get_context("fork")
    result = context.Queue()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # forks beside threads, as the test needs
        child = context.Process(target=get_in_a_child, args=(store, result))
        child.start()
    assert store.get("key") == BODY
    assert result.get(timeout=240) == hashlib.sha256(BODY).hexdigest()
    child.join(timeout=240)
    assert child.exitcode == 0


def test_atomic_conditional_writes_are_recognised_and_remembered(s3_proxy: FaultProxy):
    url = new_bucket(s3_proxy.url)
    assert hasty(url).has_conditional_writes
    assert json.loads(open_store(url).get("store.json"))["conditional_writes"] is True
    assert [info.key for info in open_store(url).list()] == ["store.json"]
    num_requests = s3_proxy.num_requests
    assert hasty(url).has_conditional_writes
    assert s3_proxy.num_requests - num_requests == 1


@pytest.mark.skipif(bool(OTHER_SERVER), reason="what Swift lacks, another server may have")
def test_conditional_writes_without_a_lock_are_not_believed(bare_s3: str):
    url = new_bucket(bare_s3)
    assert not hasty(url).has_conditional_writes
    assert json.loads(open_store(url).get("store.json"))["conditional_writes"] is False


def test_without_conditional_writes_different_bytes_get_different_names(
    s3_proxy: FaultProxy, tmp_path: Path, samples: Any
):
    store = open_store(new_bucket(s3_proxy.url, is_conditional=False))
    (tmp_path / "one").write_bytes(b"one rendering")
    (tmp_path / "other").write_bytes(b"other rendering")
    one = place_chunk_file(store, "video", 7, tmp_path / "one")
    other = place_chunk_file(store, "video", 7, tmp_path / "other")
    assert place_chunk_file(store, "video", 7, tmp_path / "one") == one
    assert one.key != other.key
    for ref in (one, other):
        name = parse_data_key(ref.key)
        assert name.file_number == 7
        assert name.edition >= MAX_EDITIONS
    assert store.get(one.key) == b"one rendering"
    assert store.head(video_key(7)) is None


def test_a_whole_game_is_committed_with_and_without_conditional_writes(
    s3_proxy: FaultProxy, tmp_path: Path, samples: Any
):
    for is_conditional in (True, False):
        store = open_store(new_bucket(s3_proxy.url, is_conditional=is_conditional))
        open_or_create(store, samples.description)
        (game,) = append_plan(store, [samples.to_plan(1, 200)], 90)
        entry = samples.place(store, game, tmp_path)
        assert write_entry(store, entry)
        assert not write_entry(store, entry)
        assert read_entry(store, game.game_id) == entry
        for chunk in entry.chunks:
            assert hashlib.sha256(store.get(chunk.video.key)).hexdigest() == chunk.video.sha256


def test_missing_objects_are_told_from_failures(s3_proxy: FaultProxy):
    store = hasty(new_bucket(s3_proxy.url, is_conditional=True))
    with pytest.raises(ObjectMissing):
        store.get("none")
    assert store.num_retries == 0


def test_name_and_password_of_an_endpoint_are_written_nowhere(
    s3_proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
):
    url = new_bucket(s3_proxy.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_proxy.url.replace("://", "://jane:s3cret@"))
    assert hasty(url).has_conditional_writes
    assert b"s3cret" not in open_store(url).get("store.json")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://jane:s3cret@127.0.0.1:9")
    with pytest.raises(StoreFailed, match=r"http://127\.0\.0\.1:9") as caught:
        hasty(url, Patience(2, 0.01, 0.05, 1.0, 1.0)).get("key")
    assert "s3cret" not in str(caught.value)
