"""Download one object from S3 into an open file, piece by piece, and hash it on the way.

Every piece is requested from the same version of the object, so that the pieces fit together; each piece is
retried by itself. Errors name the kind of file, but never its place.
"""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import IO, TYPE_CHECKING, Any, Final

from manifests.errors import DatasetError
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.store.s3_client import S3Client
    from workers.files.remote import RemoteName

PIECE_BYTES: Final = 16 << 20
_ADDRESS: Final = re.compile(r"\S*://\S*")


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One version of an object, as the server names it.

    Attributes:
        size_bytes: the object's size.
        etag: the server's name for exactly these bytes; empty if it gives none.
    """

    size_bytes: int
    etag: str


def version_of(name: RemoteName) -> ObjectVersion:
    """Ask the server for the present version of an object.

    Raises:
        EnvironmentFailed: the object does not exist, may not be read, is empty or too large, or the server
            does not answer.
    """
    with _errors_of(name):
        answer = _client().call(
            name.kind.what, lambda boto, _: boto.head_object(Bucket=name.bucket, Key=name.key)
        )
    size = int(answer["ContentLength"])
    if not 0 < size <= name.kind.max_bytes:
        message = (
            f"{name.kind.what} on S3 has {size:,} bytes; it may have 1 to {name.kind.max_bytes:,}: "
            f"check {name.kind.flag}"
        )
        raise EnvironmentFailed(message)
    return ObjectVersion(size, str(answer.get("ETag", "")))


def download(name: RemoteName, version: ObjectVersion, file: IO[bytes], deadline: float) -> str:
    """Write an object's bytes to an open file; return their sha256, hex.

    Args:
        name: where the object is.
        version: the version to download, from `version_of`.
        file: open for writing, at its start.
        deadline: monotonic time at which to give up.

    Raises:
        EnvironmentFailed: the server failed, the object was replaced meanwhile, or the deadline passed.
        OSError: the file cannot be written.
    """
    digest = hashlib.sha256()
    with _errors_of(name):
        for start in range(0, version.size_bytes, PIECE_BYTES):
            if time.monotonic() >= deadline:
                message = (
                    f"{name.kind.what} was not fetched in time: {start:,} of {version.size_bytes:,} bytes "
                    "came; put it on a server that is nearer"
                )
                raise EnvironmentFailed(message)
            piece = _piece(name, version, start, min(start + PIECE_BYTES, version.size_bytes))
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _piece(name: RemoteName, version: ObjectVersion, start: int, exclusive_end: int) -> bytes:
    from manifests.store.s3_client import Wrong  # noqa: PLC0415 - as in `_client`

    wanted: dict[str, Any] = {
        "Bucket": name.bucket,
        "Key": name.key,
        "Range": f"bytes={start}-{exclusive_end - 1}",
    }
    if version.etag:
        wanted["IfMatch"] = version.etag

    def attempt(boto: Any, _: int) -> bytes:
        data: bytes = boto.get_object(**wanted)["Body"].read(exclusive_end - start + 1)
        if len(data) != exclusive_end - start:
            message = f"{len(data):,} bytes came where {exclusive_end - start:,} were asked for"
            raise Wrong(message)
        return data

    return _client().call(name.kind.what, attempt)


@contextmanager
def _errors_of(name: RemoteName) -> Iterator[None]:
    """Turn the store's errors into ours, without the address that the server's own messages may contain."""
    _client()  # raises an error if boto3 is missing
    from manifests.store.contract import ObjectMissing  # noqa: PLC0415 - as in `_client`
    from manifests.store.s3_client import Taken  # noqa: PLC0415

    what, flag = name.kind.what, name.kind.flag
    try:
        yield
    except Taken as error:
        message = f"{what} was replaced while it was fetched; run the same command again"
        raise EnvironmentFailed(message) from error
    except ObjectMissing as error:
        message = f"{what} is not on S3 where {flag} says (404); check {flag} and AWS_ENDPOINT_URL_S3"
        raise EnvironmentFailed(message) from error
    except DatasetError as error:
        said = _ADDRESS.sub("(its address)", str(error))
        message = f"{said.replace(name.key, '(its name)')}; check {flag} and this machine's access to S3"
        raise EnvironmentFailed(message) from error


@cache
def _client() -> S3Client:
    try:
        from manifests.store.s3_client import Patience, S3Client  # noqa: PLC0415 - boto3 is an extra
    except ModuleNotFoundError as error:
        message = f"s3:// needs {error.name}, which is not installed here: pip install 'dolphin-farm[s3]'"
        raise EnvironmentFailed(message) from error
    # Fewer tries than for the dataset's own store, because a game waits, within the time limit of its
    # attempt.
    return S3Client(Patience(max_attempts=5))
