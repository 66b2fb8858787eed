"""Calls boto3, as the only module: one client per process, with timeouts, bounded retries and our own errors.

Credentials, region and endpoint come from boto3's own chain (environment, profiles, instance roles;
AWS_ENDPOINT_URL_S3 for servers other than AWS) and from nowhere else. boto3's own retries are off, because
they do not cover an answer whose body breaks off half-way or arrives with wrong bytes. Instead this module
retries the whole call, body included.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    InvalidRegionError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError

from manifests.store.contract import ObjectMissing, StoreFailed, StoreFull
from manifests.store.s3_ranges import SignedRanges

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_POOL_CONNECTIONS: Final = 32
_USER_OF_URL: Final = re.compile(r"://[^/\s'\"]*@")
_SIGNATURE: Final = re.compile(r"(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s'\"]+")
_FALLBACK_REGION: Final = "us-east-1"
_AWS: Final = ".amazonaws.com"


class Wrong(Exception):  # noqa: N818 - not an error of a caller: a reason to try again
    """An answer came, but its bytes are not those they should be; the call is tried again."""


class Taken(Exception):  # noqa: N818 - an answer
    """An object with that key exists already (HTTP status 412)."""


class Outcome(Enum):
    """The meaning of a failed attempt: try again, or raise a certain error."""

    RETRY = "retry"
    MISSING = "missing"
    TAKEN = "taken"
    FULL = "full"
    FATAL = "fatal"


_RETRIED_ERRORS: Final = (
    Wrong,
    EndpointConnectionError,
    HTTPClientError,  # time-outs and broken connections derive from it
    IncompleteReadError,
    ReadTimeoutError,
    ResponseParserError,
    ResponseStreamingError,
)
_OUTCOME_OF_CODE: Final = {
    "BadDigest": Outcome.RETRY,  # the body was damaged on its way: sending it again helps
    "XAmzContentSHA256Mismatch": Outcome.RETRY,
    "ConditionalRequestConflict": Outcome.RETRY,
    "OperationAborted": Outcome.RETRY,
    "RequestTimeout": Outcome.RETRY,
    "SlowDown": Outcome.RETRY,
    "Throttling": Outcome.RETRY,
    "ThrottlingException": Outcome.RETRY,
    "NoSuchKey": Outcome.MISSING,
    "404": Outcome.MISSING,  # the answer to HEAD, which has no body that could say more
    "NotFound": Outcome.MISSING,
    "PreconditionFailed": Outcome.TAKEN,
    "QuotaExceeded": Outcome.FULL,
    "InsufficientStorage": Outcome.FULL,
}
_OUTCOME_OF_STATUS: Final = {
    408: Outcome.RETRY,
    409: Outcome.RETRY,
    412: Outcome.TAKEN,
    429: Outcome.RETRY,
    501: Outcome.FATAL,  # "not implemented" does not change by trying again
    507: Outcome.FULL,
}
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call to the server is tried, and how long each step of it may take.

    There is a pause before each attempt except the first. Its length is random between 0 and an upper limit,
    which doubles from pause to pause.

    Attributes:
        max_attempts: how often a call is tried before it fails.
        first_pause_seconds: the limit of the first pause.
        max_pause_seconds: the largest value of the limit, however often it doubles.
        connect_seconds: how long the connection may take.
        read_seconds: how long the server may be silent between two pieces of its answer.

    Raises:
        ValueError: a value that is not above zero.
    """

    max_attempts: int = 8
    first_pause_seconds: float = 0.25
    max_pause_seconds: float = 15.0
    connect_seconds: float = 10.0
    read_seconds: float = 20.0

    def __post_init__(self) -> None:
        if min(self.max_attempts, self.first_pause_seconds, self.connect_seconds, self.read_seconds) <= 0:
            message = f"attempts and times are above zero, got {self}"
            raise ValueError(message)


class S3Client:
    """Calls boto3, and calls it again after failures that may pass. Several threads may share it."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self.num_retries = 0
        self._lock = threading.Lock()
        self._client: Any = None
        self._ranges: SignedRanges | None = None
        self._process_id = -1

    @property
    def is_aws(self) -> bool:
        """Whether the server is Amazon's own."""
        return _AWS in self._boto().meta.endpoint_url

    @property
    def endpoint(self) -> str:
        """The URL of the server that requests go to, without a name and password that may be in it."""
        return _without_secrets(str(self._boto().meta.endpoint_url))

    def call(self, where: str, function: Callable[[Any, int], T]) -> T:
        """Call `function(boto3 client, number of attempts before)`, and again after failures that may pass.

        Args:
            where: the object's URL, for errors.
            function: sends one request and reads its answer to the end; may raise Wrong, or Taken.

        Raises:
            Taken: an object with that key exists already.
            ObjectMissing: there is no such object.
            StoreFull: no space or quota is left.
            StoreFailed: the server refused, or every attempt failed.
        """
        for attempt in range(self.patience.max_attempts):
            if attempt:
                self._pause(attempt)
            try:
                return function(self._boto(), attempt)
            except (BotoCoreError, ClientError, ResponseParserError, Wrong) as error:
                outcome = classify(error)
                if outcome is not Outcome.RETRY:
                    raise _translated(outcome, where, error) from error
                last = error
        message = (
            f"{where}: failed {self.patience.max_attempts} times, the last time with: {_one_line(last)}; if "
            f"that stays so, check the network and AWS_ENDPOINT_URL_S3 (requests go to {self.endpoint})"
        )
        raise StoreFailed(message) from last

    def get_range(self, named: dict[str, str], start: int, exclusive_end: int) -> bytes | None:
        """Read a range of an object {"Bucket": ..., "Key": ...} without boto3's cost per call.

        It raises boto3's errors, so only a function that `call` runs may call it. It returns None if the
        caller must ask boto3 itself.
        """
        boto = self._boto()
        with self._lock:
            if self._ranges is None:
                timeout = (self.patience.connect_seconds, self.patience.read_seconds)
                self._ranges = SignedRanges(boto, timeout, MAX_POOL_CONNECTIONS)
            ranges = self._ranges
        return ranges.get(named, start, exclusive_end)

    def _pause(self, attempt: int) -> None:
        with self._lock:
            self.num_retries += 1
        limit = min(self.patience.first_pause_seconds * 2 ** (attempt - 1), self.patience.max_pause_seconds)
        # The random pause may be as short as 0, so that workers whose requests failed together do not retry
        # together.
        time.sleep(random.uniform(0, limit))

    def _boto(self) -> Any:
        """Return this process's client; a forked child makes its own, as connections must not be shared."""
        with self._lock:
            if self._process_id != os.getpid():
                self._client, self._process_id = _new_client(self.patience), os.getpid()
                self._ranges = None
            return self._client


_REMEDIES: Final = {
    "NoSuchBucket": "; make the bucket first, or check its name and AWS_ENDPOINT_URL_S3",
    "403": "; this access key may not do that here, or its secret or the clock is wrong: check AWS_PROFILE, "
    "AWS_ACCESS_KEY_ID and the bucket's policy",
    "AccessDenied": "; this access key may not do that here: check AWS_PROFILE and the bucket's policy",
    "InvalidAccessKeyId": "; check AWS_PROFILE or AWS_ACCESS_KEY_ID",
    "RequestTimeTooSkewed": "; set the clock of this machine, or of the server: they differ by too much",
    "SignatureDoesNotMatch": "; the secret does not belong to the key, or the clock is wrong",
}


def classify(error: Exception) -> Outcome:
    """Decide what an error from boto3, or a `Wrong`, means."""
    if isinstance(error, _RETRIED_ERRORS):
        return Outcome.RETRY
    if not isinstance(error, ClientError):
        return Outcome.FATAL
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    by_status = Outcome.RETRY if status >= _SERVER_ERROR else Outcome.FATAL
    return _OUTCOME_OF_CODE.get(code) or _OUTCOME_OF_STATUS.get(status, by_status)


def _translated(outcome: Outcome, where: str, error: Exception) -> Exception:
    if outcome is Outcome.TAKEN:
        return Taken(where)
    if outcome is Outcome.MISSING:
        return ObjectMissing(f"{where}: no such object")
    if outcome is Outcome.FULL:
        return StoreFull(f"{where}: {_one_line(error)}; free some, or give another output, and run again")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return StoreFailed(
            f"{where}: {_one_line(error)}; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret"
        )
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    remedy = _REMEDIES.get(str(code), "")
    return StoreFailed(f"{where}: {_one_line(error)}{remedy}")


def _one_line(error: Exception) -> str:
    return _without_secrets(" ".join(str(error).split()))[:300] or type(error).__name__


def _without_secrets(text: str) -> str:
    """Remove USER:PASSWORD@ from every URL in a text, and the signatures from signed URLs."""
    return _SIGNATURE.sub(r"\1...", _USER_OF_URL.sub("://", text))


def _new_client(patience: Patience) -> Any:
    session = boto3.session.Session()
    config = Config(
        connect_timeout=patience.connect_seconds,
        read_timeout=patience.read_seconds,
        retries={"total_max_attempts": 1},
        max_pool_connections=MAX_POOL_CONNECTIONS,
        tcp_keepalive=True,
        # Every put names its own SHA-256 and MD5; older servers choke on what boto3 would add by itself.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    region = session.region_name or _FALLBACK_REGION
    try:
        client = session.client("s3", region_name=region, config=config)
    except (InvalidRegionError, ValueError) as error:
        message = f"s3: {_one_line(error)}; check AWS_REGION and AWS_ENDPOINT_URL_S3"
        raise StoreFailed(message) from error
    if _AWS not in client.meta.endpoint_url:  # other servers seldom have a host name per bucket
        path_style = config.merge(Config(s3={"addressing_style": "path"}))
        client = session.client("s3", region_name=region, config=path_style)
    return client
