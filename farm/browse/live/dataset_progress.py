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

MEASURED_SECONDS = 300.0  # the paces of games change slowly, and reading them takes some hundred reads
MOST_INTERVALS = 60
_SECONDS = (
    60,
    300,
    900,
    3600,
    4 * 3600,
    86_400,
    7 * 86_400,
)  # an interval has one of these lengths, or a multiple of the last


@dataclass(frozen=True, slots=True)
class Throughput:
    """How many games ended in each of several intervals of equal length.

    Attributes:
        interval_seconds: length of each interval.
        first_start: start of the first interval, seconds since the epoch; a multiple of the interval.
        games: number of games that ended in each interval, in order of time; empty if no game ended.
    """

    interval_seconds: int
    first_start: int
    games: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of rendering so far, as far as the ledger records it.

    Attributes:
        slot_hours: hours of one emulator that the committed games took, at their own mean pace.
        dollars: price of the cores of those hours, in US dollars.
        dollars_a_month: price of the dataset's storage, in US dollars a month.
        origin: which games the pace is from, in words for a person.
    """

    slot_hours: float
    dollars: float
    dollars_a_month: float
    origin: str


@dataclass(frozen=True, slots=True)
class DatasetProgress:
    """The progress of a dataset at one moment; `cost` is None if no game has a recorded time."""

    status: DatasetStatus
    throughput: Throughput
    cost: Cost | None


def dataset_progress(store: Store, prices: Prices | None = None) -> DatasetProgress:
    """Return the progress of a dataset, from its store.

    Args:
        store: the dataset's store.
        prices: prices in US dollars; None for the default ones.

    Raises:
        DatasetError: the store holds no dataset, or it cannot be read.
    """
    return _progress_of(store, measured_in(store), prices or Prices())


class Observer:
    """Looks at one dataset repeatedly; reads how long its games took every MEASURED_SECONDS at most."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._measured: Measured | None = None
        self._measured_at = float("-inf")

    def look(self) -> DatasetProgress:
        """Return the dataset's progress now.

        Raises:
            DatasetError: the store holds no dataset, or it cannot be read.
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
    """Count games by the time of their end, seconds since the epoch, in at most MOST_INTERVALS intervals."""
    if not ended_at:
        return Throughput(_SECONDS[0], 0, ())
    first, last = min(ended_at), max(ended_at)
    # One interval fewer than the most, since the first and the last are rarely complete.
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
    """Price the committed games at their own pace, and the storage that they use."""
    slot_hours = status.num_frames / measured.frames_per_second.usual / 3600
    return Cost(
        slot_hours,
        slot_hours * Footprint().cores * prices.core_hour,
        (status.video_bytes + status.states_bytes) / 1e9 * prices.gigabyte_month,
        measured.origin,
    )
