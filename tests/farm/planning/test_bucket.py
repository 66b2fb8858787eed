"""Replays in an S3 bucket are found also under keys that our own stores refuse."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from farm.planning.catalogue import Selection, build_catalogue
from manifests.ledger.reasons import Reason
from tests.s3_server.fixtures import new_bucket
from workers.errors import EnvironmentFailed
from workers.replay import bucket as replay_bucket
from workers.replay.source import read_source
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from tests.s3_server.fault_proxy import FaultProxy

KEY = b"k" * 32
NAMES = ("2024/Fox vs Marth (set 3).slp", "2024/été #1.slp.gz", "2025/plain.slp")


@pytest.fixture
def bucket(s3_proxy: FaultProxy) -> str:
    import boto3  # noqa: PLC0415 - where it is absent, these tests were skipped before

    replay_bucket._client.cache_clear()
    name = new_bucket(s3_proxy.url).removeprefix("s3://").partition("/")[0]
    client = boto3.client("s3", endpoint_url=s3_proxy.url)
    for seed, key in enumerate(NAMES, start=1):
        data = record_match(seed, num_frames=130 + seed)
        client.put_object(Bucket=name, Key=key, Body=gzip.compress(data) if key.endswith(".gz") else data)
    client.put_object(Bucket=name, Key="2024/notes.txt", Body=b"no replay")
    return name


def test_a_prefix_is_a_source(bucket: str):
    everything = build_catalogue([f"s3://{bucket}"], Selection(), KEY, num_workers=0)
    assert sorted(game.source for game in everything.games) == sorted(
        f"s3://{bucket}/{name}" for name in NAMES
    )
    assert not everything.left_out
    one_year = build_catalogue([f"s3://{bucket}/2025/"], Selection(), KEY, num_workers=0)
    assert [game.source for game in one_year.games] == [f"s3://{bucket}/2025/plain.slp"]


def test_what_the_plan_names_can_be_read(bucket: str):
    assert read_source(f"s3://{bucket}/{NAMES[1]}") == record_match(2, num_frames=132)


def test_what_is_not_there_any_more_is_no_fault_of_the_replay(bucket: str):
    with pytest.raises(EnvironmentFailed):
        read_source(f"s3://{bucket}/2024/gone.slp")
    with pytest.raises(EnvironmentFailed):
        build_catalogue(["s3://no-such-bucket-anywhere"], Selection(), KEY, num_workers=0)


def test_an_archive_in_a_bucket_is_named_as_not_read(bucket: str, s3_proxy: FaultProxy):
    import boto3  # noqa: PLC0415 - as above

    client = boto3.client("s3", endpoint_url=s3_proxy.url)
    client.put_object(Bucket=bucket, Key="2025/more.zip", Body=b"PK")
    found = build_catalogue([f"s3://{bucket}/2025/"], Selection(), KEY, num_workers=0)
    assert len(found.games) == 1
    assert [(left.source, left.reason) for left in found.left_out] == [
        (f"s3://{bucket}/2025/more.zip", Reason.NOT_READ)
    ]


def test_a_prefix_that_matches_nothing_fails_in_words(bucket: str):
    with pytest.raises(EnvironmentFailed, match="1999"):
        build_catalogue([f"s3://{bucket}/1999/"], Selection(), KEY, num_workers=0)
