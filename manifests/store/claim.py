"""Let only one process at a time plan or begin a dataset, on a store without reliable conditional writes.

A process puts a claim of its own and then lists all claims. Of two processes that both do so, at least one
sees the other's claim, and a process that sees another claim withdraws its own and is refused. So two never
go on at the same time, however late a request arrives, because a claim is removed only after every request
that it covers has been answered. No clock is needed. A process that is killed leaves its claim, and later
processes are refused until somebody removes it.
"""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manifests.store.canonical_json import readable
from manifests.store.contract import StoreFailed
from manifests.store.keys import claim_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.store.contract import Store


@contextmanager
def claimed(store: Store, what: str) -> Iterator[None]:
    """Hold the claim for `what` while the block runs; on a store with conditional writes, do nothing.

    Args:
        store: the dataset's store.
        what: one word for the work, such as "plan"; it becomes part of the claim's key.

    Raises:
        StoreFailed: another process has a claim, and this one has withdrawn its own; or the store failed.
    """
    if store.has_conditional_writes:
        yield
        return
    prefix = claim_prefix(what)
    key = f"{prefix}{secrets.token_hex(16)}.json"
    about = {"host": socket.gethostname(), "pid": os.getpid(), "since": datetime.now(UTC).isoformat()}
    store.put(key, readable(about))
    others = [info.key for info in store.list(prefix) if info.key != key]
    if others:
        store.delete(key)
        message = (
            f"{store.url}: another process is at work on the {what}, or died of it ({others[0]} is there), "
            "and this server cannot say who came first; run again when it is done, or, if nobody is at work, "
            f"remove what it left: farm gc {store.url} --idle --delete"
        )
        raise StoreFailed(message)
    # If the block fails, a request whose answer was lost may still reach the store, so the claim stays.
    yield
    store.delete(key)
