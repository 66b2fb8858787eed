"""Caches the progress of a dataset for pages that ask repeatedly: it is read at most every ten seconds."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from farm.browse.live.dataset_progress import Observer
from manifests.store.canonical_json import to_plain

if TYPE_CHECKING:
    from manifests.store.contract import Store

PROGRESS_SECONDS: Final = 10.0  # between two reads, since each takes a listing of the ledger


class Follower:
    """Follows the progress of one dataset; several threads may ask at once."""

    def __init__(self, store: Store) -> None:
        self._observer = Observer(store)
        self._turn = threading.Lock()
        self._progress_of: dict[str, Any] = {}
        self._looked_at = float("-inf")

    def now(self) -> dict[str, Any]:
        """Return the dataset's progress, at most PROGRESS_SECONDS old, as JSON-ready DatasetProgress fields.

        Raises:
            DatasetError: the store failed.
        """
        with self._turn:  # a thread that asks while another looks waits, and gets the other's answer
            if time.monotonic() > self._looked_at + PROGRESS_SECONDS:
                found: Any = to_plain(self._observer.look())
                self._progress_of, self._looked_at = found, time.monotonic()
            return self._progress_of
