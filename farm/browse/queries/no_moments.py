"""Says why a search for moments found none: which part of it no game meets, and which values exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from farm.amounts import number_of
from farm.browse.queries.library import EVENT_COUNTS
from farm.browse.queries.moments import game_tests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from farm.browse.queries.library import Library
    from farm.browse.queries.moments import FoundMoments, MomentQuery


def why_none(library: Library, query: MomentQuery, found: FoundMoments) -> list[str]:
    """Explain in sentences why a search found nothing; return none if it found something.

    Args:
        library: the dataset's library.
        query: the search.
        found: the result of `find_moments` for it.
    """
    if found.moments:
        return []
    num_games = len(library.game_ids)
    if not num_games:
        return ["The dataset has no committed games."]
    return [_what_fails(library, query, found), *_there_is(library), *_not_noted(library, num_games)]


def _what_fails(library: Library, query: MomentQuery, found: FoundMoments) -> str:
    counted = [(test.words, _count(library, test.sql, test.values)) for test in game_tests(query)]
    if nowhere := [words for words, number in counted if not number]:
        return f"No game has {_listed(nowhere, 'or')}."
    if not found.num_games:
        return f"No game has all of these: {'; '.join(f'{words} ({_games(n)})' for words, n in counted)}."
    if found.num_looked < found.num_games:
        return f"{found.num_looked:,} of {_games(found.num_games)} that fit were looked into in time."
    wanted = [
        *([f"an event {query.kind}"] if query.kind else ["an event"] if not query.state else []),
        *([f"to {query.character}"] if query.character and not query.state else []),
        *(["that meets the condition on events"] if query.condition else []),
        *(["a frame that meets the condition on the state"] if query.state else []),
        *(
            [f"within {number_of(query.within, 'frame')} of an event {query.near_kind}"]
            if query.near_kind
            else []
        ),
    ]
    fit = f"{_games(found.num_games)} {'fits' if found.num_games == 1 else 'fit'}"
    return f"{fit}, and none has {' '.join(wanted)}."


def _there_is(library: Library) -> list[str]:
    """List the events, stages and characters of the whole dataset, the most frequent first."""
    sums = ", ".join(f"coalesce(sum({name}), 0)::BIGINT AS {kind}" for name, kind in EVENT_COUNTS.items())
    (events,) = library.rows(f"SELECT {sums} FROM games", [])  # noqa: S608 - fixed parts
    found = {"Events": sorted(events.items(), key=lambda each: -each[1])}
    for name, column in (("Stages", "stage_name"), ("Characters", "unnest(characters)")):
        query = (
            f"SELECT it, count(DISTINCT game_id) AS number FROM (SELECT {column} AS it, game_id FROM games)"  # noqa: S608
        )
        rows = library.rows(f"{query} GROUP BY it ORDER BY number DESC, it", [])
        found[name] = [(row["it"], row["number"]) for row in rows]
    return [
        f"{name}: {_listed((f'{each} {number:,}' for each, number in of if number), 'and') or 'none'}."
        for name, of in found.items()
    ]


def _not_noted(library: Library, num_games: int) -> list[str]:
    number = _count(library, "num_events IS NULL")
    if not number:
        return []
    line = (
        f"Of {number:,} of {_games(num_games)} no events were noted when they were rendered; a condition on "
        "the state finds moments there as well."
    )
    return [line]


def _count(library: Library, test: str, values: Iterable[Any] = ()) -> int:
    (row,) = library.rows(f"SELECT count(*) AS number FROM games WHERE {test}", list(values))  # noqa: S608
    return int(row["number"])


def _games(number: int) -> str:
    return number_of(number, "game")


def _listed(words: Iterable[str], last: str) -> str:
    *some, end = list(words) or [""]
    return f"{', '.join(some)} {last} {end}" if some else end
