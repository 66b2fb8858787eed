"""Where objects live: a small contract that a local folder and an S3 bucket both keep.

    StoreFailed
    |-- ObjectMissing    there is no object of that key
    `-- StoreFull        no space or quota is left

`tests/contracts/test_store.py` holds every implementation to this page. Nothing else of ours touches a
store's files or network; `open_store` picks the implementation from the URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias
from urllib.parse import unquote, urlsplit

from manifests.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator

Data: TypeAlias = bytes | Path
"""What an object is made from: its bytes, or the local file that holds them."""


class StoreFailed(DatasetError):  # noqa: N818
    """The store did not do what was asked; nothing of it is visible under any key."""


class ObjectMissing(StoreFailed):
    """There is no object of that key."""


class StoreFull(StoreFailed):
    """No space or quota is left; what was being written is gone without a trace."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store knows of an object without reading it.

    Attributes:
        key: its key.
        size_bytes: its size.
        modified_at: when it was last put, seconds since the epoch by the store's own clock.
        sha256: hex, where the store keeps it (S3); None elsewhere, and in listings.
    """

    key: str
    size_bytes: int
    modified_at: float
    sha256: str | None = None


class Store(Protocol):
    """Objects by key. Whole or not at all: no reader ever sees a part of an object, whoever is killed when.

    One Store may be used by several threads, and any number of processes may open the same place. Keys are as
    in `keys.check_key`, and none is another one's folder. Every method raises StoreFailed when the
    store fails, ValueError on a bad key.
    """

    @property
    def url(self) -> str:
        """Where this is; `open_store` of it opens the same place."""
        ...

    @property
    def has_conditional_writes(self) -> bool:
        """Whether `put_if_absent` keeps its word when several writers come at the same moment.

        True for folders and most S3 servers. Where it is False, ledger/commit.py works without it, and
        plans and snapshots should be made by one process at a time.
        """
        ...

    def put_if_absent(self, key: str, data: Data) -> bool:
        """Put an object unless there is one. True if these bytes became the object, False if there was one.

        Of any number of callers at the same time exactly one gets True, if `has_conditional_writes`. What is
        there afterwards is durable.
        """
        ...

    def put(self, key: str, data: Data) -> None:
        """Put an object, in place of the one that may be there."""
        ...

    def get(self, key: str) -> bytes:
        """All bytes of an object.

        Raises:
            ObjectMissing: there is none.
        """
        ...

    def get_range(self, key: str, start: int, exclusive_end: int) -> bytes:
        """Exactly the bytes [start, exclusive_end) of an object; never fewer.

        Raises:
            ObjectMissing: there is none.
            StoreFailed: the object ends earlier.
            ValueError: not 0 <= start <= exclusive_end.
        """
        ...

    def head(self, key: str) -> ObjectInfo | None:
        """What is known of an object, or None if there is none."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, in the order of keys, without holding them all."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; no error if there is none."""
        ...


def open_store(url: str | Path) -> Store:
    """Open the store at a folder's path, a file:// or an s3:// URL; a folder is made once something is put.

    Raises:
        StoreFailed: no such kind of store, or it cannot be opened.
    """
    text = str(url)
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme == "s3":
        from manifests.store.s3 import S3Store  # noqa: PLC0415 - boto3 is an extra, needed for s3:// alone

        return S3Store.open(text)
    from manifests.store.local import LocalStore  # noqa: PLC0415 - it imports this module

    if scheme == "file":
        return LocalStore(Path(unquote(urlsplit(text).path)))
    if scheme:
        message = (
            f"{text}: no such kind of store {scheme}://; give a folder, file:///PATH or s3://BUCKET/PREFIX"
        )
        raise StoreFailed(message)
    return LocalStore(Path(text).expanduser())
