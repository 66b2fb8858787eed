"""Loads the games and rejects of a dataset's newest snapshot into DuckDB tables, to filter and count them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from farm.browse.queries.game_filters import GAMES_PER_PAGE, SORT_COLUMNS, tests_of
from farm.browse.queries.typed_sql import GAMES, ask, check_expression, closed_database
from manifests.labels.events import EventKind
from manifests.snapshot.reader import open_manifest

if TYPE_CHECKING:
    from farm.browse.queries.game_filters import Filters
    from farm.browse.queries.typed_sql import Subject
    from manifests.snapshot.reader import Manifest
    from manifests.store.contract import Store

EVENT_COUNTS: Final = {f"{kind}s": kind for kind in EventKind}
"""Columns of the games table that count events ("hits", "deaths", ...), with the kind that each counts.

They are null in games whose events were not recorded.
"""
_BY_KIND: Final = ", ".join(f"count_if(kind = '{kind}') AS {name}" for name, kind in EVENT_COUNTS.items())
_COUNTED: Final = f"""
CREATE TABLE event_numbers AS SELECT game_id, {_BY_KIND} FROM events_arrow GROUP BY game_id
"""  # noqa: S608 - from fixed parts
_SUMS: Final = ", ".join(
    f"sum(each.number) FILTER (each.kind = '{kind}') AS {name}" for name, kind in EVENT_COUNTS.items()
)
_NOTED: Final = f"""
CREATE TABLE event_numbers AS SELECT game_id, {_SUMS}
FROM (SELECT game_id, unnest(event_counts) AS each FROM games_arrow) GROUP BY game_id
"""  # noqa: S608 - from fixed parts
_EVERY_COUNT: Final = ", ".join(
    f"if(num_events IS NULL, NULL, coalesce({name}, 0)::BIGINT) AS {name}" for name in EVENT_COUNTS
)
_GAMES: Final = f"""
CREATE TABLE games AS
SELECT games_arrow.* EXCLUDE (event_counts), {_EVERY_COUNT},
    array_to_string(characters, ' vs ') AS characters_text,
    list_transform(characters_seen, lambda seen: seen.character_name) AS names_seen,
    list_filter(evidence, lambda item: item.name = 'motion')[1].margin AS motion_margin,
    list_transform(list_filter(evidence, lambda item: item.offset_frames = 0),
        lambda item: item.name) AS agreed
FROM games_arrow LEFT JOIN event_numbers USING (game_id) ORDER BY game_id
"""  # noqa: S608 - from fixed parts
_LISTED: Final = f"""game_id, stage_name, characters, characters_seen,
list_transform(players, lambda player: player.player_hash) AS player_hashes,
num_frames, start_at, split, agreed, motion_margin, video_bytes, num_chunks, {", ".join(EVENT_COUNTS)}"""


@dataclass(frozen=True, slots=True)
class GamesPage:
    """One page of the list of games.

    Attributes:
        rows: one dict per game, by column, JSON-ready.
        num_games: number of games that pass the filters, on all pages.
    """

    rows: list[dict[str, Any]]
    num_games: int

    @property
    def num_pages(self) -> int:
        """Number of pages; 1 even if no game passes."""
        return max(1, -(-self.num_games // GAMES_PER_PAGE))


def _event_kinds(manifest: Manifest) -> pa.RecordBatchReader:
    """Read game_id and kind of every event, in batches, as a game has thousands; old snapshots give none."""
    columns = pa.schema([("game_id", pa.string()), ("kind", pa.string())])
    batches = manifest.batches("events", columns.names) if "events" in manifest.snapshot.tables else iter(())
    return pa.RecordBatchReader.from_batches(columns, (batch.cast(columns) for batch in batches))


class Library:
    """One snapshot of a dataset in an in-memory database; several threads may ask at once.

    Raises:
        SchemaRefused: there is no dataset, or it has another schema.
        NotFinalized: the dataset is not finalized yet, so there are no tables.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.manifest: Manifest = open_manifest(store)
        self._lock = threading.Lock()
        # Conditions that people type are run as SQL, so the database must not reach any file or network.
        self._database = closed_database()
        games = self.manifest.games()
        self._database.register("games_arrow", games)
        self._count_events(games)
        self._database.execute(_GAMES)
        self._database.register("rejects_arrow", self.manifest.rejects())
        self._database.execute("CREATE TABLE rejects AS SELECT * FROM rejects_arrow ORDER BY reason, game_id")
        for name in ("games_arrow", "rejects_arrow"):
            self._database.unregister(name)

    def _count_events(self, games: pa.Table) -> None:
        """Take the counts that the games table has, or count the events of an older snapshot without them."""
        is_noted = pc.or_(pc.is_valid(games["event_counts"]), pc.is_null(games["num_events"]))
        if pc.all(is_noted).as_py() is not False:
            self._database.execute(_NOTED)
            return
        self._database.register("events_arrow", _event_kinds(self.manifest))
        self._database.execute(_COUNTED)
        self._database.unregister("events_arrow")

    def games(self, filters: Filters) -> GamesPage:
        """Return one page of the games that pass, in the requested order; ties are sorted by game_id."""
        tests = tests_of(filters)
        where = " AND ".join(test for test, _ in tests) or "true"
        values = [value for _, each in tests for value in each]
        direction = "DESC" if filters.is_descending else "ASC"
        order = f"{SORT_COLUMNS[filters.sort]} {direction} NULLS LAST, game_id"
        ((total,),) = self._ask(f"SELECT count(*) FROM games WHERE {where}", values)[1]  # noqa: S608 - from fixed parts
        rows = self.rows(
            f"SELECT {_LISTED} FROM games WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - from fixed parts
            [*values, GAMES_PER_PAGE, filters.page * GAMES_PER_PAGE],
        )
        return GamesPage(rows, int(total))

    def game(self, game_id: str) -> dict[str, Any] | None:
        """Return all columns of one committed game; None if there is no game with that id."""
        found = self.rows(
            "SELECT * EXCLUDE (fingerprint, names_seen) FROM games WHERE game_id = ?", [game_id]
        )
        return found[0] if found else None

    @cached_property
    def game_ids(self) -> list[str]:
        """Return the game_id of every committed game, in order."""
        return [row[0] for row in self._ask("SELECT game_id FROM games ORDER BY game_id", [])[1]]

    @cached_property
    def choices(self) -> dict[str, list[str]]:
        """Return the values that each filter can have, sorted: stage, split, character, versus."""
        names = "unnest(coalesce(names_seen, characters))"
        columns = {"stage": "stage_name", "split": "split", "character": names}
        found = {
            name: [row[0] for row in self._ask(f"SELECT DISTINCT {what} AS it FROM games ORDER BY it", [])[1]]  # noqa: S608
            for name, what in columns.items()
        }
        return found | {"versus": found["character"]}

    def totals(self) -> dict[str, Any]:
        """Return total games, frames, chunks, bytes, and games and frames by stage, character and split."""
        (sums,) = self.rows(
            "SELECT count(*) AS games, coalesce(sum(num_frames), 0)::BIGINT AS frames, "
            "coalesce(sum(num_chunks), 0)::BIGINT AS chunks, "
            "coalesce(sum(video_bytes), 0)::BIGINT AS video_bytes, "
            "coalesce(sum(states_bytes), 0)::BIGINT AS states_bytes FROM games",
            [],
        )
        by = {
            name: self.rows(
                f"SELECT it, count(*) AS games, sum(num_frames)::BIGINT AS frames FROM "  # noqa: S608 - fixed parts
                f"(SELECT {what} AS it, num_frames FROM games) GROUP BY it ORDER BY games DESC, it",
                [],
            )
            for name, what in (
                ("stage", "stage_name"),
                ("character", "unnest(characters)"),
                ("split", "split"),
            )
        }
        return {**sums, "by": by, "events": self._event_totals(), "rejects": self.reject_counts()}

    def _event_totals(self) -> list[dict[str, Any]]:
        """Return the number of events of each kind in all games, by counting column, without zeros."""
        sums = ", ".join(f"sum({name})::BIGINT AS {name}" for name in EVENT_COUNTS)
        (found,) = self.rows(f"SELECT {sums} FROM games", [])  # noqa: S608 - fixed parts
        return [{"it": name, "events": number} for name, number in found.items() if number]

    def reject_counts(self) -> list[dict[str, Any]]:
        """Return the number of games set aside for each reason, the most frequent first."""
        return self.rows(
            "SELECT reason, count(*) AS games FROM rejects GROUP BY reason ORDER BY games DESC", []
        )

    def rejects(self, reason: str, limit: int = 500) -> list[dict[str, Any]]:
        """Return at most `limit` games that were set aside for one reason; for any reason if it is empty."""
        where = "reason = ?" if reason else "true"
        values: list[Any] = [reason] if reason else []
        return self.rows(f"SELECT * FROM rejects WHERE {where} LIMIT ?", [*values, limit])  # noqa: S608 - fixed parts

    def where(self, condition: str, limit: int | None = None) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return column names and rows of the games that meet a condition in DuckDB's SQL.

        The condition can reach no file.

        Raises:
            ConditionRefused: the condition is not valid SQL, or tries to reach a file.
        """
        columns = _LISTED.replace("\n", " ")
        end = "" if limit is None else f" LIMIT {limit:d}"
        self.check_expression(condition, GAMES)
        with self._lock:
            return ask(self._database, f"SELECT {columns} FROM games WHERE ({condition}\n){end}")  # noqa: S608 - meant to be

    def rows(self, query: str, values: list[Any]) -> list[dict[str, Any]]:
        """Run a query with values for its placeholders; return one dict per row, by column."""
        names, found = self._ask(query, values)
        return [dict(zip(names, row, strict=True)) for row in found]

    def check_expression(self, condition: str, subject: Subject) -> None:
        """Check that a condition that somebody typed is one SQL expression.

        Raises:
            ConditionRefused: the condition is not one expression.
        """
        with self._lock:
            check_expression(self._database, condition, subject)

    def rows_with(self, name: str, table: pa.Table, query: str, values: list[Any]) -> list[dict[str, Any]]:
        """Run a SELECT that may also use an extra table; return one dict per row, by column.

        Raises:
            ConditionRefused: the SELECT is not valid.
        """
        with self._lock:
            self._database.register(name, table)
            try:
                names, rows = ask(self._database, query, values)
            finally:
                self._database.unregister(name)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _ask(self, query: str, values: list[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        with self._lock:
            answer = self._database.execute(query, values)
            return [column[0] for column in answer.description or ()], answer.fetchall()
