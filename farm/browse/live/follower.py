"""The progress of a dataset for pages that ask again and again: looked up at most every ten seconds."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from farm.browse.live.dataset_progress import Observer
from manifests.store.canonical_json import to_plain

if TYPE_CHECKING:
    from manifests.store.contract import Store

PROGRESS_SECONDS: Final = 10.0  # it takes a listing of the ledger


class Follower:
    """Follows one dataset; safe to ask from several threads."""

    def __init__(self, store: Store) -> None:
        self._observer = Observer(store)
        self._turn = threading.Lock()
        self._progress_of: dict[str, Any] = {}
        self._looked_at = float("-inf")

    def now(self) -> dict[str, Any]:
        """The dataset's progress as JSON-ready fields of DatasetProgress, not older than PROGRESS_SECONDS.

        Raises:
            DatasetError: the store failed.
        """
        with self._turn:  # who asks while another looks waits, and gets what that one found
            if time.monotonic() > self._looked_at + PROGRESS_SECONDS:
                found: Any = to_plain(self._observer.look())
                self._progress_of, self._looked_at = found, time.monotonic()
            return self._progress_of
