"""List and read replays in a user's S3 bucket, under whatever names they have there; never writes.

The dataset's own store accepts only keys of its own form, so it cannot read these objects.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from workers.replay.locator import BUCKET_SCHEME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.store.s3_client import S3Client


def list_bucket(url: str) -> Iterator[str]:
    """Yield s3://BUCKET/KEY of every object below s3://BUCKET or s3://BUCKET/PREFIX, in order of key.

    One page of the listing is held at a time.

    Raises:
        DatasetError: the bucket does not exist, or cannot be listed.
    """
    bucket, _, prefix = url.removeprefix(BUCKET_SCHEME).partition("/")
    arguments: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
    while True:
        page = _client().call(url, lambda boto, _: boto.list_objects_v2(**arguments))
        for item in page.get("Contents", ()):
            yield f"{BUCKET_SCHEME}{bucket}/{item['Key']}"
        if not page.get("IsTruncated"):
            return
        arguments["ContinuationToken"] = page["NextContinuationToken"]


def read_object(url: str, max_bytes: int) -> bytes:
    """Return the object at s3://BUCKET/KEY, or its first max_bytes if it is larger.

    Raises:
        DatasetError: the object does not exist, or cannot be read.
    """
    bucket, _, key = url.removeprefix(BUCKET_SCHEME).partition("/")

    def attempt(boto: Any, _: int) -> bytes:
        data: bytes = boto.get_object(Bucket=bucket, Key=key)["Body"].read(max_bytes)
        return data

    return _client().call(url, attempt)


@cache
def _client() -> S3Client:
    from manifests.store.s3_client import S3Client  # noqa: PLC0415 - boto3 is an extra, needed for s3:// alone

    return S3Client()
