"""The ledger: one small JSON object per game, written once after all its files, that says how the game ended.

A game is done when its entry exists. Either it is committed, with all its chunks, or it is set aside, with a
reason. An entry's JSON has three parts:

    content         what was made, and from what; equal for equal renderings, on any machine
    content_sha256  hash of the canonical bytes of `content`, which reveals a changed entry
    run             when and by which attempt it was made, and how long that took; part of no hash

Entries of another schema version are refused.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping  # noqa: TC003 - canonical_json reads the fields' types at run time
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from manifests.errors import RecordRefused
from manifests.labels.events import EventColumns, EventKind
from manifests.ledger.evidence import Evidence  # noqa: TC001 - likewise
from manifests.ledger.reasons import Reason  # noqa: TC001 - likewise
from manifests.ledger.records import ChunkRecord, GameFacts, check_sha256
from manifests.store.canonical_json import ADDED_LATER, canonical, from_plain, parse, to_plain
from manifests.store.contract import ObjectMissing
from manifests.store.keys import LEDGER_PREFIX, check_game_id, game_id_of_ledger_key, ledger_key
from manifests.store.read_ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from manifests.store.contract import Store

SCHEMA_VERSION: Final = 1
_PARTS: Final = {"schema_version", "content", "content_sha256", "run"}


class Status(StrEnum):
    """How a game ended: committed to the dataset, or left out for a reason."""

    COMMITTED = "committed"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The circumstances of one attempt; no hash and no manifest depends on them.

    Attributes:
        committed_at: when the entry was made, ISO 8601, UTC.
        attempt_id: a random text, different for each attempt, so that racing attempts can be told apart.
        num_attempts: how many attempts were made, this one included.
        timings: durations in seconds, or rates, by name.
    """

    committed_at: str
    attempt_id: str
    num_attempts: int = 1
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """The ledger entry of one game: how it ended. `committed` and `set_aside` make the two kinds of entry.

    Attributes:
        game_id: sha256 of the replay's bytes, 64 hexadecimal digits.
        status: committed or set_aside.
        split: train, val or test, as planned; None if the game was refused before any plan.
        reason: why it was set aside; None if committed.
        detail: one line for a person, without names of players.
        game: what the replay says about the game; None if it could not be read.
        state_sha256: hash of the state of the whole game; None if set aside before there was one.
        chunks: the pairs, in order, without a gap between them; none if set aside.
        evidence: what was found about the alignment of the whole game.
        fingerprint: the setup that rendered it: emulator version, configuration hashes and so on.
        run: the circumstances of the attempt.
        events: what happens in the game, by kind (see `manifests.labels.events`); None if set aside, and in
            entries from before events were noted.

    Raises:
        ValueError: parts contradict each other, or events are of an unknown kind.
    """

    game_id: str
    status: Status
    split: str | None
    reason: Reason | None
    detail: str
    game: GameFacts | None
    state_sha256: str | None
    chunks: tuple[ChunkRecord, ...]
    evidence: tuple[Evidence, ...]
    fingerprint: Mapping[str, str]
    run: RunRecord
    events: Mapping[str, EventColumns] | None = field(default=None, metadata=ADDED_LATER)
    _content_sha256: str | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_game_id(self.game_id)
        if self.state_sha256 is not None:
            check_sha256("state_sha256", self.state_sha256)
        # The entry is frozen, so it gets a copy of the dict, which the caller cannot change.
        object.__setattr__(self, "fingerprint", MappingProxyType(dict(self.fingerprint)))
        if self.events is not None:
            if unknown := sorted(set(self.events) - set(EventKind)):
                message = f"unknown kinds of events: {', '.join(unknown)}"
                raise ValueError(message)
            object.__setattr__(self, "events", MappingProxyType(dict(self.events)))
        if self.status is Status.SET_ASIDE:
            if self.reason is None or self.chunks:
                message = "a game that is set aside has a reason and no chunks"
                raise ValueError(message)
            return
        if self.reason is not None or not self.chunks or self.game is None or self.state_sha256 is None:
            message = "a committed game has chunks, game facts and a state_sha256, and no reason"
            raise ValueError(message)
        for before, after in itertools.pairwise(self.chunks):
            if before.slp_frame_exclusive_end != after.slp_frame_start:
                message = f"chunks leave a gap or overlap at slp_frame {after.slp_frame_start}"
                raise ValueError(message)

    @classmethod
    def committed(
        cls,
        game_id: str,
        *,
        split: str | None,
        game: GameFacts | None,
        state_sha256: str,
        chunks: Sequence[ChunkRecord],
        evidence: Sequence[Evidence],
        fingerprint: Mapping[str, str],
        run: RunRecord,
        detail: str = "",
        events: Mapping[str, EventColumns] | None = None,
    ) -> LedgerEntry:
        """Make the entry of a game whose pairs are proved and placed; the class explains the arguments.

        Raises:
            ValueError: no game facts, no chunks, or chunks with a gap between them.
        """
        return cls(
            game_id, Status.COMMITTED, split, None, detail, game, state_sha256, tuple(chunks),
            tuple(evidence), fingerprint, run, events,
        )  # fmt: skip

    @classmethod
    def set_aside(
        cls,
        game_id: str,
        reason: Reason,
        detail: str,
        *,
        run: RunRecord,
        split: str | None = None,
        game: GameFacts | None = None,
        evidence: Sequence[Evidence] = (),
    ) -> LedgerEntry:
        """Make the entry of a game that is left out for a reason; the class explains the arguments."""
        return cls(game_id, Status.SET_ASIDE, split, reason, detail, game, None, (), tuple(evidence), {}, run)

    @property
    def num_frames(self) -> int:
        """Number of frames in all chunks together."""
        return sum(chunk.num_frames for chunk in self.chunks)

    @property
    def num_events(self) -> int | None:
        """Number of events of all kinds; None where they were not noted."""
        return None if self.events is None else sum(len(of.slp_frame) for of in self.events.values())

    def content_sha256(self) -> str:
        """Hash everything except the circumstances of the run; 64 hexadecimal digits."""
        # An entry that was read has its hash already; hashing again took half of finalize's time.
        if self._content_sha256 is None:
            object.__setattr__(self, "_content_sha256", hashlib.sha256(canonical(_content(self))).hexdigest())
        return str(self._content_sha256)

    def to_json(self) -> bytes:
        """Make the entry's canonical bytes."""
        return canonical(
            {
                "schema_version": SCHEMA_VERSION,
                "content": _content(self),
                "content_sha256": self.content_sha256(),
                "run": to_plain(self.run),
            }
        )

    @classmethod
    def from_json(cls, data: bytes, where: str = "ledger entry") -> LedgerEntry:
        """Read the bytes of an entry; `where` names the place in errors.

        Raises:
            RecordRefused: the entry has another schema version, a field is missing, unknown or of another
                type, or the entry was changed after it was written.
        """
        plain = parse(data, where)
        version = plain.get("schema_version")
        if version != SCHEMA_VERSION:
            message = f"{where}: schema version {version!r:.20}; this program reads {SCHEMA_VERSION}"
            raise RecordRefused(message)
        if plain.keys() != _PARTS or not isinstance(plain["content"], dict):
            message = f"{where}: an entry has the parts {sorted(_PARTS)}, got {sorted(plain)!s:.200}"
            raise RecordRefused(message)
        try:
            found = hashlib.sha256(canonical(plain["content"])).hexdigest()
        except (ValueError, RecursionError):  # a number too large for a float, or lists nested too deeply
            found = ""
        if found != plain["content_sha256"]:
            message = f"{where}: content_sha256 does not fit its content; it was changed after it was written"
            raise RecordRefused(message)
        entry = from_plain(cls, {**plain["content"], "run": plain["run"]}, where)
        object.__setattr__(entry, "_content_sha256", plain["content_sha256"])
        return entry


def write_entry(store: Store, entry: LedgerEntry) -> bool:
    """Put a game's ledger entry on the store. Returns False if the game has one already, which then stays.

    All objects that the entry names must be on the store already; `manifests.ledger.commit` puts them there.

    Raises:
        StoreFailed: the entry could not be written, and the game is not done.
    """
    return store.put_if_absent(ledger_key(entry.game_id), entry.to_json())


def read_entry(store: Store, game_id: str) -> LedgerEntry | None:
    """Read a game's ledger entry; None if it has none yet.

    Raises:
        RecordRefused: the entry exists, but is not as it was written.
    """
    key = ledger_key(game_id)
    try:
        data = store.get(key)
    except ObjectMissing:
        return None
    remedy = f"farm retry {store.url} --game {game_id[:12]} --force takes it out, to be rendered again"
    try:
        entry = LedgerEntry.from_json(data, key)
    except RecordRefused as refusal:
        message = f"{refusal}; {remedy}"
        raise RecordRefused(message) from refusal
    if entry.game_id != game_id:
        message = f"{key}: is about game {entry.game_id}; it was moved or copied; {remedy}"
        raise RecordRefused(message)
    return entry


def done_game_ids(store: Store) -> Iterator[str]:
    """Yield the game_id of every game that has a ledger entry, in order, from one listing."""
    for info in store.list(LEDGER_PREFIX):
        game_id = game_id_of_ledger_key(info.key)
        if game_id is not None:
            yield game_id


def try_read_entries(
    store: Store, game_ids: Iterable[str], *, num_threads: int = 8
) -> Iterator[tuple[str, LedgerEntry | RecordRefused | None]]:
    """Yield each game with its entry, None if it has none, or the error that refused it; in the order given.

    Args:
        store: the dataset's store.
        game_ids: which games.
        num_threads: threads that read ahead.

    Raises:
        StoreFailed: the store failed.
    """

    def attempt(game_id: str) -> LedgerEntry | RecordRefused | None:
        try:
            return read_entry(store, game_id)
        except RecordRefused as refusal:
            return refusal

    return read_ahead(attempt, game_ids, num_threads)


def read_entries(store: Store, game_ids: Iterable[str], *, num_threads: int = 8) -> Iterator[LedgerEntry]:
    """Yield the ledger entries of these games, in the order given; games without an entry are skipped.

    Args:
        store: the dataset's store.
        game_ids: which games.
        num_threads: threads that read ahead.

    Raises:
        RecordRefused: an entry is not as it was written.
        StoreFailed: the store failed.
    """
    for _, entry in try_read_entries(store, game_ids, num_threads=num_threads):
        if isinstance(entry, RecordRefused):
            raise entry
        if entry is not None:
            yield entry


def withdraw(store: Store, game_id: str, *, force: bool = False) -> LedgerEntry | None:
    """Remove a game's ledger entry, so that the next run renders the game again.

    This is meant for games that were set aside. The entry of a committed game is removed only with `force`,
    which breaks the rule that such an entry never changes. So the manifests must be compiled again before the
    game is rendered again (`farm retry` does that), and nobody may run `farm gc` until the game is rendered.
    Its files stay where they are: the next attempt uses them if its own bytes are the same.

    Args:
        store: the dataset's store.
        game_id: the game.
        force: also remove the entry of a committed game, or one that cannot be read.

    Returns:
        The entry that was removed; None if there was none, or if it could not be read.

    Raises:
        RecordRefused: without `force`, the game is committed, or its entry is not as it was written.
        StoreFailed: the store failed.
        ValueError: game_id is not 64 hexadecimal digits in lower case.
    """
    key = ledger_key(game_id)
    try:
        entry = read_entry(store, game_id)
    except RecordRefused as refusal:
        if not force:
            message = f"{refusal}; only force removes an entry that cannot be read"
            raise RecordRefused(message) from refusal
        entry = None
    if entry is not None and entry.status is Status.COMMITTED and not force:
        message = (
            f"{key}: the game is committed; only games that were set aside are tried again, unless forced"
        )
        raise RecordRefused(message)
    store.delete(key)
    return entry


def _content(entry: LedgerEntry) -> dict[str, object]:
    plain: dict[str, object] = to_plain(entry)
    del plain["run"]
    return plain
