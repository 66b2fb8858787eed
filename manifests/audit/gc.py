"""Find and remove garbage: objects that no ledger entry names, and that no entry will ever name.

manifests/ledger/commit.py explains why nothing else may be removed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.audit.audit import audit
from manifests.audit.findings import Kind
from manifests.errors import RecordRefused
from manifests.snapshot.snapshot import complete_snapshot_numbers
from manifests.store.keys import CLAIM_PREFIX, LEDGER_PREFIX, LIVE_PREFIX, MANIFEST_PREFIX, snapshot_number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.store.contract import Store

MIN_AGE_SECONDS: Final = 24 * 3600.0
"""Objects younger than this are never removed, because an attempt that needs them may still be at work."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """An object that may be removed: its key, its size, and the reason."""

    key: str
    size_bytes: int
    why: str


def find_garbage(store: Store, *, idle: bool = False, now: float | None = None) -> list[Garbage]:
    """List the objects that may be removed now.

    Args:
        store: the dataset's store.
        idle: whether the caller knows that nobody renders into the store or finalizes it now; if so, the
            leftovers of unfinished games may be removed as well.
        now: the time in seconds since the epoch; by default that of the machine's clock.

    Raises:
        RecordRefused: a record cannot be read, or two records disagree, so nobody knows which objects are
            named, and nothing may be removed.
    """
    report = audit(store)
    # An entry that cannot be read might name any of the orphans, and so might a snapshot that was compiled
    # from another state of the ledger.
    for finding in report.findings:
        if finding.kind is Kind.RECORD:
            message = f"{finding.key}: {finding.detail}; nothing is removed while a record cannot be read"
            raise RecordRefused(message)
        if finding.kind in _DISAGREE or finding.key.startswith(LEDGER_PREFIX):
            message = f"{finding.key}: {finding.detail}; nothing is removed while records disagree"
            raise RecordRefused(message)
    newest = (time.time() if now is None else now) - MIN_AGE_SECONDS
    garbage = [
        Garbage(orphan.key, orphan.size_bytes, _WHY[orphan.owner])
        for orphan in report.orphans
        if (idle or orphan.owner == "committed") and orphan.modified_at < newest
    ]
    return garbage + ([*_incomplete_snapshots(store, newest), *_left_at_work(store)] if idle else [])


def remove(store: Store, garbage: list[Garbage]) -> None:
    """Remove the given objects from the store.

    Raises:
        StoreFailed: the store failed; the objects before the failed one are removed.
    """
    for item in garbage:
        store.delete(item.key)


_DISAGREE: Final = (Kind.DISAGREEMENT, Kind.NUMBERS)
_WHY: Final = {
    "committed": "its game is committed with another object in its place",
    "unfinished": "its game is not committed",
    "unknown": "no plan has its number",
}


def _incomplete_snapshots(store: Store, newest: float) -> Iterator[Garbage]:
    complete = set(complete_snapshot_numbers(store))
    for info in store.list(MANIFEST_PREFIX):
        number = snapshot_number_of(info.key)
        if number is not None and number not in complete and info.modified_at < newest:
            yield Garbage(info.key, info.size_bytes, "its snapshot was never completed")


def _left_at_work(store: Store) -> Iterator[Garbage]:
    """Yield the claims and live notes of dead processes; their age does not matter, as nobody is at work."""
    for prefix in (CLAIM_PREFIX, LIVE_PREFIX):
        for info in store.list(prefix):
            yield Garbage(info.key, info.size_bytes, "whoever put it there is not at work any more")
