"""Say how far a dataset is, from its store alone, so that any machine can ask while others render."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping  # noqa: TC003 - canonical_json reads the fields' types at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.errors import NotFinalized
from manifests.ledger.entry import Status, read_entries
from manifests.ledger.plan import planned_games
from manifests.snapshot.reader import open_manifest
from manifests.store.keys import LEDGER_PREFIX, game_id_of_ledger_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

RATE_WINDOW_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """How far a dataset is.

    Attributes:
        num_planned: number of games in the plan.
        frames_planned: number of frames in these games.
        num_committed: number of committed games.
        num_set_aside: number of games that were set aside, planned or not.
        num_pending: number of planned games without a ledger entry.
        rejects: number of games that were set aside, by reason.
        num_chunks, num_frames, video_bytes, states_bytes: sums over the committed games.
        newest_entry_at: when a game last ended, in seconds since the epoch by the store's clock; None before
            any game did.
        games_per_hour: the rate at which games ended in the hour before `now`, or since the first one in it.
        seconds_left: how long the pending games take at that rate; None if there is no rate.
    """

    num_planned: int
    frames_planned: int
    num_committed: int
    num_set_aside: int
    num_pending: int
    rejects: Mapping[str, int]
    num_chunks: int
    num_frames: int
    video_bytes: int
    states_bytes: int
    newest_entry_at: float | None
    games_per_hour: float
    seconds_left: float | None


def dataset_status(store: Store, now: float | None = None) -> DatasetStatus:
    """Count plan and ledger; it lists the ledger, and reads only entries that the newest snapshot lacks.

    Args:
        store: of the dataset.
        now: the time in seconds since the epoch; by default that of the machine's clock.

    Raises:
        RecordRefused: a plan or an entry is not as it was written.
        SchemaRefused: this is no dataset that this program knows.
    """
    now = time.time() if now is None else now
    pace = _CommitPace(now)
    sums: Counter[str] = Counter()
    # The ledger is listed twice, along the snapshot and along the plan, so that no listing is held in memory.
    new = list(_without(pace.game_ids(store), _compiled_game_ids(store, sums)))
    rejects = _add_up(read_entries(store, new), sums)
    pending, frames_planned, num_planned = 0, 0, 0
    listing = _Sorted(pace.game_ids(store))
    for game in planned_games(store):
        num_planned += 1
        frames_planned += game.num_frames
        pending += not listing.has(game.game_id)
    rate = pace.games_per_hour()
    return DatasetStatus(
        num_planned=num_planned,
        frames_planned=frames_planned,
        num_committed=sums["num_games"],
        num_set_aside=rejects.total(),
        num_pending=pending,
        rejects=dict(sorted(rejects.items())),
        num_chunks=sums["num_chunks"],
        num_frames=sums["num_frames"],
        video_bytes=sums["video_bytes"],
        states_bytes=sums["states_bytes"],
        newest_entry_at=pace.newest,
        games_per_hour=rate,
        seconds_left=pending / rate * 3600 if rate else None,
    )


class _CommitPace:
    """Measures the rate at which games end, from the times in listings of the ledger."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._recent = 0
        self._oldest_recent = now
        self.newest: float | None = None

    def game_ids(self, store: Store) -> Iterator[str]:
        self._recent, self._oldest_recent = 0, self._now  # the second listing counts anew
        for info in store.list(LEDGER_PREFIX):
            game_id = game_id_of_ledger_key(info.key)
            if game_id is None:
                continue
            self.newest = max(info.modified_at, self.newest or 0.0)
            if info.modified_at >= self._now - RATE_WINDOW_SECONDS:
                self._recent += 1
                self._oldest_recent = min(self._oldest_recent, info.modified_at)
            yield game_id

    def games_per_hour(self) -> float:
        seconds = self._now - self._oldest_recent
        return self._recent / seconds * 3600 if seconds > 0 else 0.0


class _Sorted:
    """Answers whether values are in an ascending stream, if they are asked for in ascending order."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = iter(values)
        self._ahead = next(self._values, None)

    def has(self, value: str) -> bool:
        while self._ahead is not None and self._ahead < value:
            self._ahead = next(self._values, None)
        return self._ahead == value


def _without(values: Iterable[str], others: Iterable[str]) -> Iterator[str]:
    """Yield the values that are not among `others`; both must ascend."""
    excluded = _Sorted(others)
    return (value for value in values if not excluded.has(value))


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


def _add_up(entries: Iterable[LedgerEntry], sums: Counter[str]) -> Counter[str]:
    """Add committed games to `sums`; return how many were set aside, by reason."""
    rejects: Counter[str] = Counter()
    for entry in entries:
        if entry.status is Status.SET_ASIDE:
            rejects[str(entry.reason)] += 1
            continue
        sums.update(
            num_games=1,
            num_chunks=len(entry.chunks),
            num_frames=entry.num_frames,
            video_bytes=sum(chunk.video_bytes for chunk in entry.chunks),
            states_bytes=sum(chunk.states.size_bytes for chunk in entry.chunks),
        )
    return rejects
