"""Report the progress of a dataset from its store alone, so that any machine can ask while others render."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Mapping  # noqa: TC003 - canonical_json reads the fields' types at run time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from manifests.errors import NotFinalized, RecordRefused
from manifests.ledger.entry import Status, read_entries, read_entry
from manifests.ledger.plan import planned_games
from manifests.snapshot.reader import open_manifest
from manifests.store.keys import LEDGER_PREFIX, game_id_of_ledger_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

RATE_WINDOW_SECONDS: Final = 3600.0
MOST_SET_ASIDE: Final = 100
COPY_SECONDS: Final = 300.0
"""If the store got the newest entry this much later than it was made, the dataset is a copy.

An entry is put as soon as it is made, so this only has to cover retries and clocks that differ.
"""


@dataclass(frozen=True, slots=True)
class SetAsideGame:
    """A game that was set aside, with the time (seconds since the epoch, store's clock) and the reason."""

    at: float
    game_id: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """The progress of a dataset: numbers of games and frames, rate, and remaining time.

    Attributes:
        num_planned: number of games in the plan.
        frames_planned: number of frames in these games.
        num_committed: number of committed games.
        num_set_aside: number of games that were set aside, planned or not.
        num_pending: number of planned games without a ledger entry.
        rejects: number of games that were set aside, by reason.
        newest_set_aside: the games that were set aside last, newest first, at most MOST_SET_ASIDE.
        num_chunks, num_frames, video_bytes, states_bytes: sums over the committed games.
        newest_entry_at: when a game last ended, in seconds since the epoch by the store's clock; None before
            any game did.
        games_per_hour: the rate at which games ended in the hour before `now`, or since the first game that
            ended in it; if no game is pending, in the hour before the last game ended.
        seconds_left: how long the pending games will take at that rate; None if there is no rate.
        num_lost: number of games that the newest snapshot has committed and the ledger no longer has; the
            sums include them until the next `farm finalize`.

    In a copy of a dataset the store's times are those of the copying: `newest_entry_at` is None and there is
    no rate.
    """

    num_planned: int
    frames_planned: int
    num_committed: int
    num_set_aside: int
    num_pending: int
    rejects: Mapping[str, int]
    newest_set_aside: tuple[SetAsideGame, ...]
    num_chunks: int
    num_frames: int
    video_bytes: int
    states_bytes: int
    newest_entry_at: float | None
    games_per_hour: float
    seconds_left: float | None
    num_lost: int = 0


def dataset_status(store: Store, now: float | None = None) -> DatasetStatus:
    """Count planned, committed, set-aside and pending games, and measure the rate at which games end.

    The ledger is listed, but only entries that the newest snapshot lacks are read.

    Args:
        store: the dataset's store.
        now: the time in seconds since the epoch; by default that of the machine's clock.

    Raises:
        RecordRefused: a plan or an entry is not as it was written.
        SchemaRefused: the store holds no dataset that this program can read.
    """
    now = time.time() if now is None else now
    pace = _CommitPace(now)
    sums: Counter[str] = Counter()
    # The ledger is listed twice, along the snapshot and along the plan, so that no listing is held in memory.
    ended = (game_id for game_id, _ in pace.ended(store))
    compiled = _Sorted(_compiled_game_ids(store, sums))
    new = [game_id for game_id in ended if not compiled.has(game_id)]
    compiled.exhaust()
    aside = {entry.game_id: _why(entry) for entry in _set_aside(read_entries(store, new), sums)}
    newest = _Newest(aside)
    pending, frames_planned, num_planned = 0, 0, 0
    listing = _Sorted(newest.watch(pace.ended(store)))
    for game in planned_games(store):
        num_planned += 1
        frames_planned += game.num_frames
        pending += not listing.has(game.game_id)
    listing.exhaust()
    is_copy = _is_copy(store, pace)
    rate = 0.0 if is_copy else pace.games_per_hour(is_over=not pending)
    rejects = Counter(reason for reason, _ in aside.values())
    return DatasetStatus(
        num_planned=num_planned,
        frames_planned=frames_planned,
        num_committed=sums["num_games"],
        num_set_aside=len(aside),
        num_pending=pending,
        rejects=dict(sorted(rejects.items())),
        newest_set_aside=newest.games(),
        num_chunks=sums["num_chunks"],
        num_frames=sums["num_frames"],
        video_bytes=sums["video_bytes"],
        states_bytes=sums["states_bytes"],
        newest_entry_at=None if is_copy else pace.newest,
        games_per_hour=rate,
        seconds_left=pending / rate * 3600 if rate else None,
        num_lost=compiled.num_passed,
    )


def _is_copy(store: Store, pace: _CommitPace) -> bool:
    """Whether the newest ledger entry says that it was made long before the store got it."""
    if pace.newest is None:
        return False
    try:
        entry = read_entry(store, pace.newest_game_id)
        made_at = datetime.fromisoformat(entry.run.committed_at).timestamp() if entry else pace.newest
    except (RecordRefused, ValueError):  # the audit reports it
        return False
    return pace.newest - made_at > COPY_SECONDS


class _CommitPace:
    """Measures the rate at which games end, from the times in two listings of the ledger."""

    def __init__(self, now: float) -> None:
        self._now = now
        self.newest: float | None = None
        self.newest_game_id = ""
        self._until_now, self._until_newest = _Hour(now), _Hour(now)

    def ended(self, store: Store) -> Iterator[tuple[str, float]]:
        """Yield the game_id of every game that has ended, in order, and the time at which it ended."""
        # The second listing counts from the beginning, and knows when the last game ended.
        self._until_now, self._until_newest = _Hour(self._now), _Hour(self.newest or self._now)
        for info in store.list(LEDGER_PREFIX):
            game_id = game_id_of_ledger_key(info.key)
            if game_id is None:
                continue
            if self.newest is None or info.modified_at > self.newest:
                self.newest, self.newest_game_id = info.modified_at, game_id
            self._until_now.count(info.modified_at)
            self._until_newest.count(info.modified_at)
            yield game_id, info.modified_at

    def games_per_hour(self, *, is_over: bool) -> float:
        """Return the rate of the last hour, or if all games have ended, of the hour before the last end."""
        return self._until_newest.rate_to_last() if is_over else self._until_now.rate_to_end()


class _Hour:
    """Counts the times that lie in the hour up to and including `end`."""

    def __init__(self, end: float) -> None:
        self._end = end
        self._num, self._oldest = 0, end

    def count(self, moment: float) -> None:
        if self._end - RATE_WINDOW_SECONDS <= moment:
            self._num += 1
            self._oldest = min(self._oldest, moment)

    def rate_to_end(self) -> float:
        """Return the rate per hour from the oldest time to `end`."""
        return self._per_hour(self._num)

    def rate_to_last(self) -> float:
        """Return the rate per hour if the last time is `end` itself: n times have n - 1 intervals."""
        return self._per_hour(self._num - 1)

    def _per_hour(self, num: int) -> float:
        seconds = self._end - self._oldest
        return num / seconds * 3600 if seconds > 0 else 0.0


class _Sorted:
    """Looks up values in an ascending stream; the values must be looked up in ascending order."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = iter(values)
        self._ahead = next(self._values, None)
        self._was_found = False  # the value ahead
        self.num_passed = 0
        """Number of values that were passed over, since nobody looked them up."""

    def has(self, value: str) -> bool:
        while self._ahead is not None and self._ahead < value:
            self._pass()
        self._was_found = self._was_found or self._ahead == value
        return self._ahead == value

    def exhaust(self) -> None:
        """Read the rest of the stream, for callers that count its values."""
        while self._ahead is not None:
            self._pass()

    def _pass(self) -> None:
        self.num_passed += not self._was_found
        self._ahead, self._was_found = next(self._values, None), False


def _compiled_game_ids(store: Store, sums: Counter[str]) -> Iterator[str]:
    """Add the newest snapshot's totals to `sums`, then yield the game_id of each of its committed games."""
    try:
        manifest = open_manifest(store)
    except NotFinalized:
        return
    totals = manifest.snapshot.totals
    sums.update(
        num_games=totals.num_committed,
        num_chunks=totals.num_chunks,
        num_frames=totals.num_frames,
        video_bytes=totals.video_bytes,
        states_bytes=totals.states_bytes,
    )
    for batch in manifest.batches("games", ["game_id"]):
        yield from batch.column(0).to_pylist()


def _set_aside(entries: Iterable[LedgerEntry], sums: Counter[str]) -> Iterator[LedgerEntry]:
    """Add committed games to `sums`, and yield those that were set aside."""
    for entry in entries:
        if entry.status is Status.SET_ASIDE:
            yield entry
            continue
        sums.update(
            num_games=1,
            num_chunks=len(entry.chunks),
            num_frames=entry.num_frames,
            video_bytes=sum(chunk.video_bytes for chunk in entry.chunks),
            states_bytes=sum(chunk.states.size_bytes for chunk in entry.chunks),
        )


def _why(entry: LedgerEntry) -> tuple[str, str]:
    return str(entry.reason), entry.detail


class _Newest:
    """Collects the time of each game that was set aside from a listing of the ledger."""

    def __init__(self, aside: Mapping[str, tuple[str, str]]) -> None:
        self._aside = aside
        self._at: dict[str, float] = {}

    def watch(self, ended: Iterable[tuple[str, float]]) -> Iterator[str]:
        """Yield the game_ids unchanged, and keep the times of games that were set aside."""
        for game_id, at in ended:
            if game_id in self._aside:
                self._at[game_id] = at
            yield game_id

    def games(self) -> tuple[SetAsideGame, ...]:
        newest = heapq.nlargest(MOST_SET_ASIDE, self._at.items(), key=lambda each: (each[1], each[0]))
        return tuple(SetAsideGame(at, game_id, *self._aside[game_id]) for game_id, at in newest)
