"""The contract of a store: what a local folder and an S3 bucket both promise about the objects in them.

    StoreFailed
    |-- ObjectMissing    there is no object with that key
    `-- StoreFull        no space or quota is left

`tests/contracts/test_store.py` checks every implementation against this contract. No code outside of
manifests/store touches a store's files or network; `manifests.store.open` chooses the implementation from the
URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from manifests.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator

Data: TypeAlias = bytes | Path
"""The contents of an object to put: bytes, or the path of a local file that holds them."""


class StoreFailed(DatasetError):  # noqa: N818
    """The store failed to do what was asked, and left no partial result visible under any key."""


class ObjectMissing(StoreFailed):
    """There is no object with the key that was asked for."""


class StoreFull(StoreFailed):
    """No space or quota is left; the object that was being written left no trace."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """The facts that a store knows about an object without reading it.

    Attributes:
        key: the object's key.
        size_bytes: the object's length.
        modified_at: when it was last put, in seconds since the epoch by the store's own clock.
        sha256: 64 hexadecimal digits if the store keeps the hash (S3's `head` has it); None otherwise, and in
            listings.
    """

    key: str
    size_bytes: int
    modified_at: float
    sha256: str | None = None


class Store(Protocol):
    """A place that holds objects by key; an object exists whole or not at all.

    No reader ever sees a part of an object, no matter which process is killed at which moment. One Store may
    be used by several threads, and any number of processes may open the same place. Keys follow the rule of
    `keys.check_key`, and no key is the folder of another one. Every method raises StoreFailed when the store
    fails, and ValueError on a bad key.
    """

    @property
    def url(self) -> str:
        """The place's path or URL; `manifests.store.open.open_store` opens the same place from it."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether every request crosses a network, so that reading ahead and a local cache pay off."""
        ...

    @property
    def has_conditional_writes(self) -> bool:
        """Whether `put_if_absent` keeps its promise when several writers come at the same moment.

        True for folders and for most S3 servers. If it is False, ledger/commit.py works without that promise,
        and a process that plans or begins a dataset makes a claim first (store/claim.py).
        """
        ...

    def put_if_absent(self, key: str, data: Data) -> bool:
        """Put an object unless there is one. True if these bytes became the object, False if there was one.

        If `has_conditional_writes`, exactly one of any number of simultaneous callers gets True. Once the
        call returns, the object survives a power cut.
        """
        ...

    def put(self, key: str, data: Data) -> None:
        """Put an object, and replace one that exists already."""
        ...

    def get(self, key: str) -> bytes:
        """Return all bytes of an object.

        Raises:
            ObjectMissing: there is no such object.
        """
        ...

    def get_range(self, key: str, start: int, exclusive_end: int) -> bytes:
        """Return exactly the bytes [start, exclusive_end) of an object; never fewer.

        Raises:
            ObjectMissing: there is no such object.
            StoreFailed: the object ends earlier.
            ValueError: 0 <= start <= exclusive_end does not hold.
        """
        ...

    def head(self, key: str) -> ObjectInfo | None:
        """Return what is known about an object, or None if there is no such object."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield every object whose key starts with `prefix`, in the order of keys, a few at a time."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; it is not an error if there is none."""
        ...
