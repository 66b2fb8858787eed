"""Read a dataset's own records, check them against each other, and yield the pairs that they describe."""

from __future__ import annotations

import hashlib
import heapq
import itertools
from typing import TYPE_CHECKING, Final

from manifests.audit.file_numbers import FileNumbers
from manifests.audit.findings import Depth, Finding, Kind, Report
from manifests.audit.sources import Pair, pairs_of_entry, pairs_of_manifest
from manifests.errors import DatasetError, NotFinalized, RecordRefused
from manifests.ledger.entry import LedgerEntry, Status, done_game_ids, try_read_entries
from manifests.ledger.plan import pending_games, planned_games
from manifests.snapshot.reader import Manifest
from manifests.snapshot.snapshot import Snapshot, current_snapshot
from manifests.store.keys import CURRENT_KEY, PLAN_PREFIX, ledger_key, snapshot_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manifests.ledger.dataset import DatasetDescription
    from manifests.store.contract import Store

_REPAIR: Final = "farm retry --misnumbered repairs that, and the next render does such games again"


class RecordsWalk:
    """Walks once along plan, ledger and newest snapshot, and reports everything that is wrong with them."""

    def __init__(self, store: Store, description: DatasetDescription, report: Report) -> None:
        self._store, self._description, self._report = store, description, report
        self._numbers = self._read_plan()
        self._manifest = self._read_manifest()

    def pairs(self) -> Iterator[Pair]:
        """Yield every pair of a committed game, in order of game_id; without a ledger, from the snapshot."""
        game_ids = done_game_ids(self._store)
        # A copy for training may come without the ledger; its snapshot has the same facts.
        first = next(game_ids, None)
        self._check_records(has_ledger=first is not None)
        if first is not None:
            yield from self._pairs_of_ledger(itertools.chain([first], game_ids))
        elif self._manifest is not None:
            yield from self._pairs_of_manifest(self._manifest)

    def owner_of(self, file_number: int) -> str:
        """Return the owner of a file number, as defined by `Orphan.owner`; call this after the walk."""
        return self._numbers.owner_of(file_number)

    def _pairs_of_ledger(self, game_ids: Iterator[str]) -> Iterator[Pair]:
        compiled = _Compiled(self._manifest, self._report)
        for game_id, entry in try_read_entries(self._store, game_ids):
            if isinstance(entry, RecordRefused):
                self._find(Kind.RECORD, ledger_key(game_id), str(entry))
            elif entry is not None:
                self._hold_against_manifest(entry, compiled)
                yield from self._pairs_of_entry(entry)
        compiled.finish()

    def _pairs_of_entry(self, entry: LedgerEntry) -> Iterator[Pair]:
        if entry.status is Status.SET_ASIDE:
            self._report.num_set_aside += 1
            return
        self._report.num_games += 1
        numbers = [chunk.file_number for chunk in entry.chunks]
        if not self._numbers.commit(entry.game_id, numbers):
            detail = (
                f"file numbers {numbers[0]} to {numbers[-1]} are not those planned for this game; {_REPAIR}"
            )
            self._find(Kind.NUMBERS, ledger_key(entry.game_id), detail)
        pairs = pairs_of_entry(entry)
        self._report.num_chunks += len(pairs)
        yield from pairs

    def _hold_against_manifest(self, entry: LedgerEntry, compiled: _Compiled) -> None:
        found = compiled.take_through(entry.game_id)
        if found is None:  # the game ended after the last finalize, which is not wrong
            self._report.num_unlisted += 1
        elif found != entry.content_sha256() and entry.status is Status.COMMITTED:
            detail = "the newest snapshot was compiled from another entry; finalize from scratch"
            self._find(Kind.DISAGREEMENT, ledger_key(entry.game_id), detail)

    def _pairs_of_manifest(self, manifest: Manifest) -> Iterator[Pair]:
        self._report.num_games = manifest.snapshot.totals.num_committed
        self._report.num_set_aside = manifest.snapshot.totals.num_set_aside
        try:
            for pair in pairs_of_manifest(manifest):
                if not self._numbers.commit(pair.game_id, [pair.chunk.file_number], is_whole=False):
                    detail = f"file number {pair.chunk.file_number} is not planned for game {pair.game_id}"
                    self._find(Kind.NUMBERS, pair.chunk.states.key, detail)
                self._report.num_chunks += 1
                yield pair
        except ValueError as error:
            self._find(Kind.RECORD, manifest.snapshot.tables["chunks"].object.key, str(error))

    def _read_plan(self) -> FileNumbers:
        """Read the planned file numbers, and count the pending games."""
        try:
            numbers = FileNumbers(planned_games(self._store))
            self._report.num_pending = sum(1 for _ in pending_games(self._store))
        except RecordRefused as refusal:
            self._find(Kind.RECORD, "plan", str(refusal))
            return FileNumbers(())
        for number in numbers.planned_twice():
            detail = f"file number {number} is planned for two games; {_REPAIR}"
            self._find(Kind.NUMBERS, PLAN_PREFIX, detail)
        for short in numbers.games_planned_twice():
            self._find(Kind.NUMBERS, PLAN_PREFIX, f"game {short} is planned twice; {_REPAIR}")
        return numbers

    def _read_manifest(self) -> Manifest | None:
        try:
            snapshot = current_snapshot(self._store)
        except NotFinalized:
            return None
        except DatasetError as refusal:
            self._find(Kind.RECORD, CURRENT_KEY, str(refusal))
            return None
        self._check_pointer(snapshot)
        # Reading damaged tables would raise; they become findings, and the walk works without them.
        is_sound = self._check_tables(snapshot)
        return Manifest(self._store, self._description, snapshot) if is_sound else None

    def _check_pointer(self, snapshot: Snapshot) -> None:
        """Check that current.json equals the snapshot's own snapshot.json."""
        key = snapshot_key(snapshot.number)
        if self._store.head(key) is None:
            self._find(Kind.MISSING, key, f"not there; {CURRENT_KEY} is a copy of it")
        elif self._store.get(key) != self._store.get(CURRENT_KEY):
            self._find(Kind.RECORD, CURRENT_KEY, f"is no copy of {key}; run farm finalize --from-scratch")

    def _check_records(self, *, has_ledger: bool) -> None:
        """Compare dataset.json and the plans with the hashes that the newest snapshot recorded."""
        noted = {} if self._manifest is None else self._manifest.snapshot.records or {}
        for key, sha256 in noted.items():
            if self._store.head(key) is not None:
                found = hashlib.sha256(self._store.get(key)).hexdigest()
                if found != sha256:
                    self._find(Kind.CHECKSUM, key, f"sha256 {found}, recorded {sha256}")
            elif has_ledger or not key.startswith(PLAN_PREFIX):  # a copy for training needs no plan
                self._find(Kind.MISSING, key, "not there; the newest snapshot was compiled with it")
        if has_ledger and not noted and next(iter(self._store.list(PLAN_PREFIX)), None) is None:
            self._find(Kind.MISSING, PLAN_PREFIX, "no plan is here, though there is a ledger")

    def _check_tables(self, snapshot: Snapshot) -> bool:
        """Whether every table of the snapshot is as recorded, as far as the audit's depth shows."""
        num_before = len(self._report.findings)
        for ref in (table.object for table in snapshot.tables.values()):
            info = self._store.head(ref.key)
            if info is None:
                self._find(Kind.MISSING, ref.key, f"not there; snapshot {snapshot.number} names it")
            elif info.size_bytes != ref.size_bytes:
                self._find(Kind.SIZE, ref.key, f"{info.size_bytes} bytes, recorded {ref.size_bytes}")
            elif self._report.depth >= Depth.CHECKSUM:
                found = hashlib.sha256(self._store.get(ref.key)).hexdigest()
                if found != ref.sha256:
                    self._find(Kind.CHECKSUM, ref.key, f"sha256 {found}, recorded {ref.sha256}")
        return len(self._report.findings) == num_before

    def _find(self, kind: Kind, key: str, detail: str) -> None:
        self._report.findings.append(Finding(kind, key, detail))


class _Compiled:
    """The hashes of entries that the newest snapshot was compiled from, read in order of game_id."""

    def __init__(self, manifest: Manifest | None, report: Report) -> None:
        self._report = report
        self._rows: Iterator[tuple[str, str, str]] = iter(())
        if manifest is not None:
            self._rows = heapq.merge(*(_entry_hashes(manifest, table) for table in ("games", "rejects")))
        self._ahead = next(self._rows, None)

    def take_through(self, game_id: str) -> str | None:
        """Find the hash of this game's entry; None if the snapshot lacks it. Call in order of game_id."""
        while self._ahead is not None and self._ahead[0] < game_id:
            self._miss(*self._ahead)
        if self._ahead is None or self._ahead[0] != game_id:
            return None
        found = self._ahead[1]
        self._ahead = next(self._rows, None)
        return found

    def finish(self) -> None:
        """Report the remaining games, which the snapshot has and the ledger lacks."""
        while self._ahead is not None:
            self._miss(*self._ahead)

    def _miss(self, game_id: str, _: str, table: str) -> None:
        self._ahead = next(self._rows, None)
        if table == "games":  # only those: a set-aside game may have been withdrawn since
            detail = "not there, but the newest snapshot has the game as committed"
            self._report.findings.append(Finding(Kind.MISSING, ledger_key(game_id), detail))


def _entry_hashes(manifest: Manifest, table: str) -> Iterator[tuple[str, str, str]]:
    for batch in manifest.batches(table, ["game_id", "entry_sha256"]):
        for row in batch.to_pylist():
            yield row["game_id"], row["entry_sha256"], table
