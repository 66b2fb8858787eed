"""Let one process at a time do what needs it, on a store that cannot say which of two writers came first.

A process puts a claim of its own and then lists all claims. Of two processes that both did so, at least one
lists the other's claim, and whoever sees another one withdraws its own and is refused. So two never go on,
however late a request arrives: a claim goes only after everything that it covers has been answered. It needs
no clock. A process that is killed leaves its claim, and later ones are refused until it is removed.
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
    """Be the only process that does `what` in the block; on a store with conditional writes, do nothing.

    Args:
        store: the dataset's store.
        what: one word for what is done, such as "plan"; it becomes part of the claim's key.

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
    # After an error in the block a request may still arrive, whose answer was lost: then the claim stays.
    yield
    store.delete(key)
