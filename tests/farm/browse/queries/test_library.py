"""Every filter, order and count of the games table is compared with the same computed in Python."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.browse.queries import library as browse_library
from farm.browse.queries.game_filters import NO_FILTERS, SORT_COLUMNS, Filters
from farm.browse.queries.library import EVENT_COUNTS, GamesPage, Library
from farm.browse.queries.typed_sql import ConditionRefused
from farm.commands.games import command as games_command
from manifests.errors import DatasetError
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import write_entry
from manifests.ledger.plan import number_games
from manifests.ledger.reasons import Reason
from manifests.ledger.records import CharacterSeen
from manifests.snapshot.finalize import finalize
from manifests.snapshot.reader import open_manifest
from manifests.store.open import open_store
from tests.farm.browse.varied_games import NUM_GAMES, PAIRS, SPLITS, STAGES
from tests.manifests.conftest import Samples

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.store.contract import Store

NAMES = sorted({name for pair in PAIRS for name in pair})
DAYS = st.just("") | st.integers(1, 28).map(lambda day: f"2024-02-{day:02}")
FILTERS = st.builds(
    Filters,
    stage=st.sampled_from(["", *STAGES]),
    character=st.sampled_from(["", *NAMES]),
    split=st.sampled_from(["", *SPLITS]),
    text=st.sampled_from(["", "0", "1", "12", "a", "070a"]),
    min_frames=st.none() | st.integers(80, 340),
    max_frames=st.none() | st.integers(80, 340),
    since=DAYS,
    until=DAYS,
    sort=st.sampled_from(sorted(SORT_COLUMNS)),
    is_descending=st.booleans(),
)


@pytest.fixture(scope="module")
def library(varied: Store) -> Library:
    return Library(varied)


@pytest.fixture(scope="module")
def every_game(library: Library) -> list[dict[str, Any]]:
    return library.games(Filters()).rows


def passes(game: dict[str, Any], filters: Filters) -> bool:
    day = game["start_at"][:10] if game["start_at"] else None
    hashes = [one for one in game["player_hashes"] if one]
    return all(
        (
            filters.stage in ("", game["stage_name"]),
            filters.character in ("", *game["characters"]),
            filters.split in ("", game["split"]),
            any(text.startswith(filters.text) for text in (game["game_id"], *hashes)),
            filters.min_frames is None or game["num_frames"] >= filters.min_frames,
            filters.max_frames is None or game["num_frames"] <= filters.max_frames,
            not filters.since or (day is not None and day >= filters.since),
            not filters.until or (day is not None and day <= filters.until),
        )
    )


@pytest.mark.slow
@settings(max_examples=150)
@given(filters=FILTERS)
def test_exactly_the_games_that_pass_are_shown(
    library: Library, every_game: list[dict[str, Any]], filters: Filters
):
    found = library.games(filters)
    wanted = {game["game_id"] for game in every_game if passes(game, filters)}
    assert {row["game_id"] for row in found.rows} == wanted
    assert found.num_games == len(found.rows) == len(wanted)


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("sort", SORT_COLUMNS)
def test_games_are_in_the_order_asked_for_equals_by_id_and_the_unknown_last(
    library: Library, sort: str, is_descending: bool
):
    rows = library.games(Filters(sort=sort, is_descending=is_descending)).rows
    key = {"characters": lambda row: " vs ".join(row["characters"])}.get(
        sort, lambda row: row[SORT_COLUMNS[sort]]
    )
    known = [row for row in rows if key(row) is not None]
    assert rows[: len(known)] == known
    by_id = sorted(known, key=lambda row: row["game_id"])
    assert known == sorted(by_id, key=key, reverse=is_descending)


def test_a_page_holds_its_part_and_says_how_many_there_are(library: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(browse_library, "GAMES_PER_PAGE", 10)
    pages = [library.games(Filters(page=number)) for number in range(4)]
    assert [len(page.rows) for page in pages] == [10, 10, NUM_GAMES - 20, 0]
    assert {page.num_games for page in pages} == {NUM_GAMES}
    assert {page.num_pages for page in pages} == {3}
    ids = [row["game_id"] for page in pages for row in page.rows]
    assert ids == sorted(set(ids))


def test_events_are_counted_in_all_and_in_each_game(library: Library, every_game: list[dict[str, Any]]):
    assert {(game["hits"], game["deaths"]) for game in every_game} == {(2, 0)}
    due = [{"it": "hits", "events": 2 * NUM_GAMES}, {"it": "ledges", "events": NUM_GAMES}]
    assert library.totals()["events"] == [*due, {"it": "rollbacks", "events": NUM_GAMES}]


@pytest.mark.slow
def test_games_whose_events_were_not_noted_have_no_counts(tmp_path: Path):
    store, samples = open_store(tmp_path / "set"), Samples()
    open_or_create(store, samples.description)
    (game,) = number_games([samples.to_plan(1)], 90, 0)
    write_entry(store, dataclasses.replace(samples.place(store, game, tmp_path, 1), events=None))
    finalize(store)
    assert {Library(store).games(Filters()).rows[0][name] for name in EVENT_COUNTS} == {None}


def test_a_snapshot_from_before_events_shows_its_games(varied: Store, monkeypatch: pytest.MonkeyPatch):
    manifest = open_manifest(varied)
    tables = {name: table for name, table in manifest.snapshot.tables.items() if name != "events"}
    old = dataclasses.replace(manifest, snapshot=dataclasses.replace(manifest.snapshot, tables=tables))
    monkeypatch.setattr(browse_library, "open_manifest", lambda _: old)
    assert Library(varied).games(Filters()).num_games == NUM_GAMES


def test_nothing_is_one_empty_page():
    assert GamesPage([], 0).num_pages == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sort": "nothing"}, "games are sorted by game, stage, .*not by 'nothing'"),
        ({"since": "yesterday"}, "a day is written as 2024-02-29, not as 'yesterday'"),
        ({"until": "2024-13-01"}, "a day is written as .*2024-13-01"),
        ({"page": -1}, "pages and frames are 0 to 1,000,000,000"),
        ({"page": 10**20}, "pages and frames are 0 to"),
        ({"min_frames": 10**30}, "pages and frames are 0 to"),
    ],
)
def test_filters_that_cannot_be_meant_fail(wrong: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        Filters(**wrong)


def test_an_address_that_says_nothing_is_that_of_filters_that_say_nothing():
    assert set(NO_FILTERS) <= {*Filters.__dataclass_fields__, "descending"}
    assert NO_FILTERS["sort"] == Filters().sort


@pytest.mark.slow
@given(text=st.text(max_size=20))
def test_whatever_is_typed_is_looked_for_and_never_run(library: Library, text: str):
    for filters in (Filters(text=text), Filters(stage=text), Filters(character=text), Filters(split=text)):
        assert library.games(filters).num_games <= NUM_GAMES
    assert library.games(Filters()).num_games == NUM_GAMES


def test_a_game_is_found_by_its_id_alone(library: Library, every_game: list[dict[str, Any]]):
    game_id = every_game[3]["game_id"]
    game = library.game(game_id)
    assert game is not None
    assert game["game_id"] == game_id
    assert game["num_frames"] == every_game[3]["num_frames"]
    assert "fingerprint" not in game
    assert library.game(game_id[:12]) is None


def test_filters_offer_what_there_is_in_order(library: Library):
    assert library.choices == {
        "stage": sorted(STAGES),
        "split": sorted(SPLITS),
        "character": NAMES,
        "versus": NAMES,
    }


def test_totals_are_the_sums_over_all_games(library: Library, every_game: list[dict[str, Any]]):
    totals = library.totals()
    assert totals["games"] == NUM_GAMES
    for name, column in (("frames", "num_frames"), ("chunks", "num_chunks"), ("video_bytes", "video_bytes")):
        assert totals[name] == sum(game[column] for game in every_game)


@pytest.mark.parametrize("by", ["stage", "split"])
def test_parts_of_the_totals_add_up_and_the_largest_comes_first(library: Library, by: str):
    totals = library.totals()
    rows = totals["by"][by]
    assert sum(row["games"] for row in rows) == totals["games"]
    assert sum(row["frames"] for row in rows) == totals["frames"]
    assert [row["games"] for row in rows] == sorted((row["games"] for row in rows), reverse=True)


def test_a_game_counts_for_each_of_its_characters_also_for_the_same_one_twice(
    library: Library, every_game: list[dict[str, Any]]
):
    counts = Counter(name for game in every_game for name in game["characters"])
    assert {row["it"]: row["games"] for row in library.totals()["by"]["character"]} == counts


def test_rejects_are_counted_by_reason_the_most_frequent_first(library: Library):
    assert library.reject_counts() == [
        {"reason": "misaligned", "games": 2},
        {"reason": "illegal_stage", "games": 1},
    ]
    assert library.totals()["rejects"] == library.reject_counts()


@pytest.mark.parametrize(("reason", "number"), [("", 3), ("misaligned", 2), ("illegal_stage", 1), ("no", 0)])
def test_rejects_of_a_reason_are_those_and_of_none_are_all(library: Library, reason: str, number: int):
    rows = library.rejects(reason)
    assert len(rows) == number
    assert not reason or {row["reason"] for row in rows} <= {reason}


def test_no_more_rejects_than_asked_for_are_read(library: Library):
    assert len(library.rejects("", limit=2)) == 2
    assert Reason.MISALIGNED in {row["reason"] for row in library.rejects("", limit=3)}


def test_a_condition_of_ones_own_selects_in_order_and_up_to_a_limit(library: Library):
    names, rows = library.where("num_frames > 200", limit=4)
    assert names[:3] == ["game_id", "stage_name", "characters"]
    assert len(rows) == 4
    assert all(row[names.index("num_frames")] > 200 for row in rows)


@pytest.mark.parametrize("condition", ["no such", "num_frames >", "(SELECT 1) = read_csv('/etc/passwd')"])
def test_a_condition_that_is_none_fails(library: Library, condition: str):
    with pytest.raises(ConditionRefused):
        library.where(condition)


def test_a_folder_that_is_no_dataset_fails(tmp_path: Path):
    from manifests.store.open import open_store  # noqa: PLC0415 - here alone

    with pytest.raises(DatasetError):
        Library(open_store(tmp_path))


def _with_seen(tmp_path: Path, *seen: tuple[CharacterSeen, ...] | None) -> Store:
    """A dataset of games of FOX and MARTH, in whose frames these characters were seen."""
    store, samples = open_store(tmp_path), Samples()
    open_or_create(store, samples.description)
    for number, game in enumerate(number_games([samples.to_plan(n) for n in range(len(seen))], 90, 0)):
        entry = samples.committed(game)
        assert entry.game is not None
        facts = dataclasses.replace(entry.game, characters_seen=seen[number])
        write_entry(store, dataclasses.replace(entry, game=facts))
    finalize(store)
    return store


CHANGED = (CharacterSeen(0, "SHEIK", 120), CharacterSeen(0, "ZELDA", 20), CharacterSeen(2, "MARTH", 140))


def test_a_game_is_found_by_every_character_in_its_frames(tmp_path: Path):
    games = Library(_with_seen(tmp_path, CHANGED, None))
    wanted = {"SHEIK": 1, "ZELDA": 1, "MARTH": 2, "FOX": 1}
    assert {name: games.games(Filters(character=name)).num_games for name in wanted} == wanted
    assert games.choices["character"] == ["FOX", "MARTH", "SHEIK", "ZELDA"]
    (row,) = games.games(Filters(character="SHEIK")).rows
    assert row["characters_seen"][0] == {"port": 0, "character_name": "SHEIK", "num_frames": 120}
    assert len(games.where("list_contains(names_seen, 'SHEIK')")[1]) == 1


def test_games_says_what_each_player_was(tmp_path: Path):
    _with_seen(tmp_path, CHANGED, None)
    shown = CliRunner().invoke(games_command, [str(tmp_path)], env={"COLUMNS": "150"}).stdout
    assert "SHEIK/ZELDA vs MARTH" in shown
    assert "FOX vs MARTH" in shown
