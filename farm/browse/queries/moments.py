"""Finds moments of a dataset: events that pass filters, and frames whose state meets a condition.

MomentQuery -> games that can have such a moment -> their events, or their states -> Moment ...
"""

from __future__ import annotations

import bisect
import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from farm.browse.queries.library import EVENT_COUNTS
from farm.browse.queries.state_moments import STATE, StateCondition, frames_of, near_events
from farm.browse.queries.typed_sql import ConditionRefused, Subject, refused_as
from manifests.labels.events import EventKind
from manifests.ledger.entry import read_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from farm.browse.queries.library import Library

MOST_MOMENTS: Final = 1000
USUAL_NEAR: Final = 5
_MOST_NEAR: Final = 1_000_000
_GAMES_AT_ONCE: Final = 64
_FEWEST_GAMES: Final = 8
COUNT_OF: Final = {kind: name for name, kind in EVENT_COUNTS.items()}
"""The column of the games table that counts events, for each kind of event."""
EVENTS: Final = Subject("the condition on events", "value >= 20 AND kind = 'hit'")
_EVENTS: Final = """
SELECT * FROM (
    SELECT game_id, slp_frame, kind, player, is_follower, other, value, stage_name, split, num_frames,
        characters[player + 1] AS character, characters[other + 1] AS other_character
    FROM piece JOIN games USING (game_id)
) WHERE {where} ORDER BY game_id, slp_frame, kind, player
"""


@dataclass(frozen=True, slots=True)
class MomentQuery:
    """A search for moments; an empty text means any.

    Attributes:
        kind: kind of event, from `manifests.labels.events.EventKind`; empty with a `state` condition.
        character: character to whom the event happens; with a `state` condition, a character that plays.
        stage: name of the stage.
        split: train, val or test.
        condition: DuckDB's SQL over the fields of a moment: game_id, slp_frame, kind, player, is_follower,
            other, value, stage_name, split, num_frames, character, other_character.
        state: DuckDB's SQL over the state's columns, e.g. `"p0.combo_count" >= 4`; a moment is the first of
            consecutive frames for which it holds.
        near_kind: only moments near an event of this kind.
        near_frames: how near, in frames; USUAL_NEAR if only `near_kind` is given.
        limit: most moments to find, from 1 to MOST_MOMENTS.

    Raises:
        ValueError: there is no such kind, or a number is out of bounds.
    """

    kind: str = ""
    character: str = ""
    stage: str = ""
    split: str = ""
    condition: str = ""
    state: str = ""
    near_kind: str = ""
    near_frames: int | None = None
    limit: int = 60

    def __post_init__(self) -> None:
        for kind in (self.kind, self.near_kind):
            if kind and kind not in set(EventKind):
                message = f"events are {', '.join(EventKind)}, got {kind!r:.40}"
                raise ValueError(message)
        if not 1 <= self.limit <= MOST_MOMENTS:
            message = f"a limit is 1 to {MOST_MOMENTS}, got {self.limit}"
            raise ValueError(message)
        if self.near_frames is not None and not self.near_kind:
            message = "a distance in frames needs the event to which it is measured: name its kind"
            raise ValueError(message)
        if not 0 <= (self.near_frames or 0) <= _MOST_NEAR:
            message = f"near is 0 to {_MOST_NEAR:,} frames, got {self.near_frames}"
            raise ValueError(message)
        if '"me.' in self.state and not self.character:
            message = "me stands for the player with the character that is asked for: name one"
            raise ValueError(message)
        if self.state and (self.kind or self.condition):
            message = "a condition on the state is looked for in states, not among events: leave one out"
            raise ValueError(message)

    @property
    def within(self) -> int:
        """How many frames an event of `near_kind` may be away."""
        return USUAL_NEAR if self.near_frames is None else self.near_frames


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of one game.

    Attributes:
        game_id: id of the game.
        slp_frame: the moment's first frame.
        kind: kind of event; "state" if a condition on the state holds.
        player: player to whom it happens, 0 for p0; None if there is none.
        character: character of that player; None likewise.
        other_character: character of the other player, if the event has one.
        value: the event's number, if it has one.
        stage_name: name of the stage.
    """

    game_id: str
    slp_frame: int
    kind: str
    player: int | None
    character: str | None
    other_character: str | None
    value: float | None
    stage_name: str


@dataclass(frozen=True, slots=True)
class GameTest:
    """A requirement for a game: in words, and as an SQL condition on the games table with its values."""

    words: str
    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundMoments:
    """The result of a search for moments.

    Attributes:
        moments: in order of game_id and slp_frame.
        num_looked: number of games that were searched.
        num_games: number of games that can have such moments.
    """

    moments: tuple[Moment, ...]
    num_looked: int
    num_games: int


def find_moments(library: Library, query: MomentQuery, seconds: float = float("inf")) -> FoundMoments:
    """Find the first moments that match a query, at most `query.limit`.

    Args:
        library: the dataset's library.
        query: the search.
        seconds: after this time no further game is searched.

    Raises:
        ConditionRefused: a condition is not valid SQL, or the dataset has no such name.
        DatasetError: the dataset cannot be read.
    """
    _check_names(library, query)
    for condition, subject in ((query.condition, EVENTS), (query.state, STATE)):
        if condition:
            with refused_as(subject):
                library.check_expression(condition, subject)
    _check_events(library, query)
    games = _games(library, query)
    found: list[Moment] = []
    begun, looked = time.monotonic(), 0
    while looked < len(games) and len(found) < query.limit and time.monotonic() - begun < seconds:
        some = _next_games(games[looked : looked + _GAMES_AT_ONCE], query, query.limit - len(found))
        if query.state:
            found += _of_states(library, query, some[0])
        else:
            found += _of_events(library, query, [game["game_id"] for game in some])
        looked += len(some)
    return FoundMoments(tuple(found[: query.limit]), looked, len(games))


def _next_games(games: Sequence[dict[str, Any]], query: MomentQuery, wanted: int) -> Sequence[dict[str, Any]]:
    """Take as many games as have enough events, so that no more of the table is read than needed."""
    if query.state:
        return games[:1]
    if query.condition or query.near_kind:
        return games  # it is unknown how many of the events pass
    numbers = list(itertools.accumulate(game["num_events"] for game in games))
    return games[: max(_FEWEST_GAMES, bisect.bisect_left(numbers, wanted) + 1)]


def _check_names(library: Library, query: MomentQuery) -> None:
    """Refuse a name that no game of the dataset has; in an empty dataset, any name.

    Raises:
        ConditionRefused: there is no such stage, split or character.
    """
    chosen = (("stage", query.stage), ("split", query.split), ("character", query.character))
    for what, name in chosen:
        if name and name not in (names := library.choices[what]):
            message = f"no game has {what} {name!r:.40}; there are {', '.join(map(str, names))}"
            raise ConditionRefused(message)


def _check_events(library: Library, query: MomentQuery) -> None:
    """Refuse a search for events if the snapshot has no table of events.

    Raises:
        ConditionRefused: the snapshot has none.
    """
    if "events" not in library.manifest.snapshot.tables and (query.near_kind or not query.state):
        message = (
            "this snapshot has no table of events, as an older version compiled it: run farm finalize "
            f"{library.store.url}; until then a condition on the state can be looked for"
        )
        raise ConditionRefused(message)


def game_tests(query: MomentQuery) -> list[GameTest]:
    """List what a game must have to contain moments that match a query."""
    tests = [
        GameTest(f"{what} {value}", sql, (value,))
        for what, sql, value in (
            ("stage", "stage_name = ?", query.stage),
            ("split", "split = ?", query.split),
            ("character", "list_contains(characters, ?)", query.character),
        )
        if value
    ]
    kinds = filter(None, (query.kind, query.near_kind))
    return tests + [GameTest(f"event {kind}", f"{COUNT_OF[EventKind(kind)]} > 0") for kind in kinds]


def _games(library: Library, query: MomentQuery) -> list[dict[str, Any]]:
    """Return the games that can have such moments, by game_id; games without recorded events are left out."""
    tests = game_tests(query)
    where = " AND ".join(test.sql for test in tests) or "true"
    values = [value for test in tests for value in test.values]
    number = COUNT_OF[EventKind(query.kind)] if query.kind else "num_events"
    return library.rows(
        f"SELECT game_id, stage_name, {number} AS num_events FROM games WHERE {where} ORDER BY game_id",  # noqa: S608 - fixed parts
        values,
    )


def _of_events(library: Library, query: MomentQuery, game_ids: Sequence[str]) -> Iterator[Moment]:
    tests: list[tuple[str, list[Any]]] = []
    for column, value in (("kind = ?", query.kind), ("character = ?", query.character)):
        if value:
            tests.append((column, [value]))
    where = " AND ".join([*(test for test, _ in tests), f"({query.condition or 'true'}\n)"])
    values = [value for _, each in tests for value in each]
    pieces = list(library.manifest.rows_of_games("events", game_ids))
    if not pieces:
        return
    events = pa.concat_tables(pieces)
    of_kind = events.filter(pc.equal(events["kind"], query.kind)) if query.kind else events
    with refused_as(EVENTS):
        found = library.rows_with("piece", of_kind, _EVENTS.format(where=where), values)
    if query.near_kind:
        found = near_events(events, found, query.near_kind, query.within)
    for row in found:
        yield Moment(
            row["game_id"],
            row["slp_frame"],
            row["kind"],
            row["player"],
            row["character"],
            row["other_character"],
            row["value"],
            row["stage_name"],
        )


def _of_states(library: Library, query: MomentQuery, game: dict[str, Any]) -> Iterator[Moment]:
    entry = read_entry(library.store, game["game_id"])
    if entry is None:
        return
    frames = frames_of(library.store, entry, StateCondition(query.state, query.character))
    rows: list[dict[str, Any]] = [{"game_id": entry.game_id, "slp_frame": frame} for frame in frames]
    if query.near_kind and rows:
        near: list[dict[str, Any]] = []
        for piece in library.manifest.rows_of_games("events", [entry.game_id]):
            near += near_events(piece, rows, query.near_kind, query.within)
        rows = near
    for row in rows:
        yield Moment(
            row["game_id"], row["slp_frame"], "state", None, None, None, None, str(game["stage_name"])
        )
