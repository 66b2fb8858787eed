"""The store on an S3 bucket, or on a prefix in one: AWS, MinIO, Ceph, R2, Swift, or any other S3 server.

Every object is put by one PutObject, so it appears whole or not at all, and leaves no parts behind. Its
SHA-256 travels with it as S3's own checksum, which the server verifies before it accepts the bytes (older
servers verify the Content-MD5 that we send as well), and as metadata, against which we verify every whole
download.

Put-if-absent is a put with the header `If-None-Match: *`. If the answer to it is lost and a second attempt is
told that the key is taken, the object under the key is compared with ours, because our own first attempt may
have taken the key. Some servers do not know the header, and some check it without a lock, so that two
simultaneous writers are both told that they came first. So we trust the header only on AWS. On any other
server, several writers of our own race each other before the first put-if-absent, and `store.json` keeps the
outcome. If the header cannot be relied on, put-if-absent checks first and then puts, and
manifests/ledger/commit.py works without the promise.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from manifests.store.canonical_json import parse, readable
from manifests.store.contract import Data, ObjectInfo, ObjectMissing, StoreFailed
from manifests.store.keys import PROBE_PREFIX, STORE_KEY, check_key, is_key
from manifests.store.s3_client import Patience, S3Client, Taken, Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS_PER_PAGE: Final = 1000
"""How many keys one request of a listing asks for; S3 returns at most so many."""
_RACERS: Final = 8
"""How many writers race for one key to test whether conditional writes can be relied on."""
_ROUNDS: Final = 6
"""How many such races are run; a server without a lock fails in one of them."""


class S3Store:
    """A store on an S3 bucket; it needs the rights to list, get, put and delete below the prefix."""

    def __init__(self, bucket: str, prefix: str, client: S3Client) -> None:
        self._bucket, self._prefix, self._client = bucket, prefix, client
        self._is_conditional: bool | None = None
        self._lock = threading.Lock()

    @classmethod
    def open(cls, url: str, patience: Patience | None = None) -> S3Store:
        """Open s3://BUCKET or s3://BUCKET/PREFIX; nothing is sent yet.

        Raises:
            StoreFailed: the URL has another form, or boto3 cannot be set up.
        """
        parts = urlsplit(url)
        prefix = parts.path.strip("/")
        if parts.query or parts.fragment or not parts.netloc or not is_key(prefix or "x"):
            message = (
                f"{url}: give s3://BUCKET or s3://BUCKET/PREFIX, where names in PREFIX are of a-z, A-Z, 0-9, "
                "_, - and . (not first) and divided by /; the endpoint comes from AWS_ENDPOINT_URL_S3"
            )
            raise StoreFailed(message)
        return cls(parts.netloc, f"{prefix}/" if prefix else "", S3Client(patience))

    @property
    def url(self) -> str:
        """The URL s3://BUCKET/PREFIX, without a slash at its end."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @property
    def is_remote(self) -> bool:
        """True: every request goes to a server."""
        return True

    @property
    def num_retries(self) -> int:
        """How many requests failed and were sent again so far."""
        return self._client.num_retries

    @property
    def has_conditional_writes(self) -> bool:
        """Whether exactly one of several simultaneous writers is told that it came first, by a test."""
        with self._lock:  # otherwise several threads would each run the race
            if self._is_conditional is None:
                self._is_conditional = self._recall_conditional()
        return self._is_conditional

    def put_if_absent(self, key: str, data: Data) -> bool:
        """Put an object unless there is one; as `Store.put_if_absent`."""
        check_key(key)
        if self.has_conditional_writes:
            return self._put_conditionally(key, _bytes(data))
        if self.head(key) is not None:
            return False
        self.put(key, data)
        return True

    def put(self, key: str, data: Data) -> None:
        """Put an object, and replace an existing one; as `Store.put`."""
        upload = self._upload(key, _bytes(data))
        self._client.call(self._where(key), lambda boto, _: boto.put_object(**upload))

    def get(self, key: str) -> bytes:
        """Read all bytes of an object, verified against the hash it was put with; as `Store.get`."""
        return self._client.call(self._where(key), lambda boto, _: self._download(boto, key))

    def get_range(self, key: str, start: int, exclusive_end: int) -> bytes:
        """Read exactly the bytes [start, exclusive_end); as `Store.get_range`."""
        if not 0 <= start <= exclusive_end:
            message = f"{key}: no such range [{start}, {exclusive_end})"
            raise ValueError(message)
        info = self.head(key) if start == exclusive_end else None
        if start == exclusive_end and info is None:
            message = f"{self._where(key)}: no such object"
            raise ObjectMissing(message)
        if info is not None:  # S3 cannot be asked for an empty range
            if start > info.size_bytes:
                raise self._too_short(key, exclusive_end)
            return b""

        return self._client.call(
            self._where(key),
            lambda boto, num_before: self._range(boto, num_before, key, start, exclusive_end),
        )

    def head(self, key: str) -> ObjectInfo | None:
        """Ask for an object's size, time and hash, or None; as `Store.head`."""
        try:
            answer = self._client.call(self._where(key), lambda boto, _: boto.head_object(**self._named(key)))
        except ObjectMissing:
            return None
        modified_at = answer["LastModified"].timestamp()
        return ObjectInfo(key, answer["ContentLength"], modified_at, answer["Metadata"].get("sha256"))

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """List objects in the order of keys, a page at a time; as `Store.list`."""
        where = f"{self.url}/{prefix}"
        arguments: dict[str, Any] = {
            "Bucket": self._bucket,
            "Prefix": self._prefix + prefix,
            "MaxKeys": KEYS_PER_PAGE,
        }
        while True:
            page = self._client.call(where, lambda boto, _: boto.list_objects_v2(**arguments))
            for item in page.get("Contents", ()):
                key = item["Key"].removeprefix(self._prefix)
                yield ObjectInfo(key, item["Size"], item["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def delete(self, key: str) -> None:
        """Remove an object; as `Store.delete`."""
        self._client.call(self._where(key), lambda boto, _: boto.delete_object(**self._named(key)))

    def _put_conditionally(self, key: str, body: bytes) -> bool:
        def attempt(boto: Any, num_before: int) -> bool:
            try:
                boto.put_object(**self._upload(key, body), IfNoneMatch="*")
            except boto.exceptions.ClientError as error:
                if _is_taken(error) and num_before:  # only after a first attempt can the object be our own
                    return self._is_stored(key, body)  # perhaps by an attempt whose answer was lost
                raise
            return True

        try:
            return self._client.call(self._where(key), attempt)
        except Taken:
            return False

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + check_key(key)}

    def _where(self, key: str) -> str:
        return f"{self.url}/{check_key(key)}"

    def _upload(self, key: str, body: bytes) -> dict[str, Any]:
        sha256 = hashlib.sha256(body)
        md5 = hashlib.md5(body, usedforsecurity=False)  # the only checksum that old servers verify
        return {
            **self._named(key),
            "Body": body,
            "ChecksumSHA256": base64.b64encode(sha256.digest()).decode(),
            "ContentMD5": base64.b64encode(md5.digest()).decode(),
            "Metadata": {"sha256": sha256.hexdigest()},
        }

    def _download(self, boto: Any, key: str) -> bytes:
        answer = boto.get_object(**self._named(key))
        data: bytes = answer["Body"].read()
        if len(data) != answer["ContentLength"]:
            message = f"got {len(data)} of {answer['ContentLength']} bytes"
            raise Wrong(message)
        wanted, found = answer["Metadata"].get("sha256"), hashlib.sha256(data).hexdigest()
        if wanted is not None and found != wanted:
            message = f"got bytes with sha256 {found}, but the object was put with {wanted}"
            raise Wrong(message)
        return data

    def _range(self, boto: Any, num_before: int, key: str, start: int, exclusive_end: int) -> bytes:
        """Try once to read a range that is not empty: by a signed URL, or by boto3 if that fails."""
        if not num_before:
            found = self._client.get_range(self._named(key), start, exclusive_end)
            if found is not None:
                return found
        try:
            answer = boto.get_object(**self._named(key), Range=f"bytes={start}-{exclusive_end - 1}")
        except boto.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":
                raise self._too_short(key, exclusive_end) from error
            raise
        # If a range reaches past the object's end, the server answers with the bytes that exist, not an
        # error.
        size_bytes = int(answer["ContentRange"].rpartition("/")[2]) if "ContentRange" in answer else 0
        if size_bytes and size_bytes < exclusive_end:
            raise self._too_short(key, exclusive_end)
        data: bytes = answer["Body"].read()
        if len(data) != exclusive_end - start:
            message = f"got {len(data)} of {exclusive_end - start} bytes"
            raise Wrong(message)
        return data

    def _is_stored(self, key: str, body: bytes) -> bool:
        info = self.head(key)
        if info is None or info.size_bytes != len(body):
            return False
        return (info.sha256 or hashlib.sha256(self.get(key)).hexdigest()) == hashlib.sha256(body).hexdigest()

    def _too_short(self, key: str, exclusive_end: int) -> StoreFailed:
        return StoreFailed(f"{self._where(key)}: ends before byte {exclusive_end}; it was cut")

    def _recall_conditional(self) -> bool:
        """Read in store.json whether conditional writes work; if there is none, find out and write it."""
        if self._client.is_aws:
            return True
        try:
            found = parse(self.get(STORE_KEY), self._where(STORE_KEY)).get("conditional_writes")
        except ObjectMissing:
            is_conditional = self._race()
        else:
            if not isinstance(found, bool):
                message = (
                    f"{self._where(STORE_KEY)}: conditional_writes is not true or false; delete the file"
                )
                raise StoreFailed(message)
            return found
        self.put(
            STORE_KEY, readable({"conditional_writes": is_conditional, "endpoint": self._client.endpoint})
        )
        return is_conditional

    def _race(self) -> bool:
        """Let writers race for keys; True if each time only the real winner was told that it came first."""
        with ThreadPoolExecutor(_RACERS) as pool:
            return all(self._race_once(pool) for _ in range(_ROUNDS))

    def _race_once(self, pool: ThreadPoolExecutor) -> bool:
        key = f"{PROBE_PREFIX}{secrets.token_hex(16)}"
        bodies = [secrets.token_bytes(1 << 14) for _ in range(_RACERS)]
        try:
            told_first = list(pool.map(lambda body: self._try_first(key, body), bodies))
            stored = self.get(key)
        finally:
            self.delete(key)
        return told_first.count(True) == 1 and stored == bodies[told_first.index(True)]

    def _try_first(self, key: str, body: bytes) -> bool:
        try:
            return self._put_conditionally(key, body)
        except StoreFailed:  # a server that answers 501 to the header
            return False


def _is_taken(error: Any) -> bool:
    return bool(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 412)  # noqa: PLR2004


def _bytes(data: Data) -> bytes:
    return data.read_bytes() if isinstance(data, Path) else data
