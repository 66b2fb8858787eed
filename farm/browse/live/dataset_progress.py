"""The progress of a dataset, for people who follow it: counts, games over time, time left, and cost."""

from __future__ import annotations

import bisect
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from farm.machine.capacity import Footprint
from farm.planning.estimate import Prices
from farm.planning.measured import measured_in
from manifests.snapshot.status import dataset_status
from manifests.store.keys import LEDGER_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from farm.planning.estimate import Measured
    from manifests.snapshot.status import DatasetStatus
    from manifests.store.contract import Store

MEASURED_SECONDS = 300.0  # what games took changes slowly, and takes some hundred reads
MOST_INTERVALS = 60
_SECONDS = (
    60,
    300,
    900,
    3600,
    4 * 3600,
    86_400,
    7 * 86_400,
)  # an interval is one of these, or many of the last


@dataclass(frozen=True, slots=True)
class Throughput:
    """How many games ended in each of some intervals of equal length.

    Attributes:
        interval_seconds: length of each interval.
        first_start: start of the first interval, seconds since the epoch; a multiple of the interval.
        games: games that ended, one count per interval, in order of time; empty if nothing ended.
    """

    interval_seconds: int
    first_start: int
    games: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of rendering so far, as far as the ledger tells.

    Attributes:
        slot_hours: hours of one emulator that the committed games took, at their own mean pace.
        dollars: price of the cores of those hours, in US dollars.
        dollars_a_month: price of what lies on the store, in US dollars a month.
        origin: which games the pace is from, for a person.
    """

    slot_hours: float
    dollars: float
    dollars_a_month: float
    origin: str


@dataclass(frozen=True, slots=True)
class DatasetProgress:
    """The progress of a dataset at one moment; `cost` is None where no game says how long it took."""

    status: DatasetStatus
    throughput: Throughput
    cost: Cost | None


def dataset_progress(store: Store, prices: Prices | None = None) -> DatasetProgress:
    """Look at the dataset's store.

    Args:
        store: where the dataset is.
        prices: in US dollars; the default ones if not given.

    Raises:
        DatasetError: it is no dataset, or cannot be read.
    """
    return _progress_of(store, measured_in(store), prices or Prices())


class Observer:
    """Looks at one dataset again and again, at what its games took every MEASURED_SECONDS at most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._measured: Measured | None = None
        self._measured_at = float("-inf")

    def look(self) -> DatasetProgress:
        """Look at the dataset now.

        Raises:
            DatasetError: it is no dataset, or cannot be read.
        """
        now = time.monotonic()
        if self._measured is None or now > self._measured_at + MEASURED_SECONDS:
            self._measured, self._measured_at = measured_in(self._store), now
        return _progress_of(self._store, self._measured, Prices())


def _progress_of(store: Store, measured: Measured | None, prices: Prices) -> DatasetProgress:
    status = dataset_status(store)
    cost = cost_of(status, measured, prices) if measured else None
    return DatasetProgress(status, throughput([info.modified_at for info in store.list(LEDGER_PREFIX)]), cost)


def throughput(ended_at: Sequence[float]) -> Throughput:
    """Count games by when they ended, seconds since the epoch, in at most MOST_INTERVALS intervals."""
    if not ended_at:
        return Throughput(_SECONDS[0], 0, ())
    first, last = min(ended_at), max(ended_at)
    # One interval fewer than the most: the first and the last are rarely whole.
    index = bisect.bisect_left(_SECONDS, (last - first) / (MOST_INTERVALS - 1))
    seconds = _SECONDS[min(index, len(_SECONDS) - 1)]
    while (last // seconds) - (first // seconds) >= MOST_INTERVALS:
        seconds *= 2
    start = int(first // seconds)
    games = [0] * (int(last // seconds) - start + 1)
    for moment in ended_at:
        games[int(moment // seconds) - start] += 1
    return Throughput(seconds, start * seconds, tuple(games))


def cost_of(status: DatasetStatus, measured: Measured, prices: Prices) -> Cost:
    """Price the committed games at their own pace, and what they left on the store."""
    slot_hours = status.num_frames / measured.frames_per_second.usual / 3600
    return Cost(
        slot_hours,
        slot_hours * Footprint().cores * prices.core_hour,
        (status.video_bytes + status.states_bytes) / 1e9 * prices.gigabyte_month,
        measured.origin,
    )
