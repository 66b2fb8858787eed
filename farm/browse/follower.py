"""How a run stands now, for pages that ask again and again: looked up at most every few seconds."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from farm.measured_pace import measured_in
from farm.standing import standing
from manifests.canonical_json import to_plain

if TYPE_CHECKING:
    from farm.estimate import Measured
    from manifests.store import Store

STANDING_SECONDS: Final = 10.0  # it takes a listing of the ledger
MEASURED_SECONDS: Final = 300.0  # it takes some hundred reads, and changes slowly


class Follower:
    """Follows one dataset; safe to ask from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = threading.Lock()
        self._standing: dict[str, Any] = {}
        self._measured: Measured | None = None
        self._standing_at = self._measured_at = float("-inf")

    def now(self) -> dict[str, Any]:
        """A `farm.standing.Standing`, JSON-ready, not older than STANDING_SECONDS.

        Raises:
            DatasetError: the store failed.
        """
        with self._turn:
            now = time.monotonic()
            if now > self._measured_at + MEASURED_SECONDS:
                self._measured, self._measured_at = measured_in(self._store), now
            if now > self._standing_at + STANDING_SECONDS:
                found: Any = to_plain(standing(self._store, measured=self._measured))
                self._standing, self._standing_at = found, time.monotonic()
            return self._standing
