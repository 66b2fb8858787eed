"""`farm games` prints the committed games as a table, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from manifests.errors import DatasetError, NotFinalized
from manifests.ledger.dataset import open_or_create
from manifests.store.open import open_store
from tests.manifests.conftest import Samples
from tests.manifests.small_dataset import NUM_GAMES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call


def test_the_table_has_a_line_for_each_game_and_their_number(call: Call, sound: Path):
    result = call("games", sound)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("BATTLEFIELD") == NUM_GAMES
    assert result.stdout.count("FOX vs MARTH") == NUM_GAMES
    assert result.stdout.endswith(f"{NUM_GAMES} games\n")


def test_json_and_csv_say_the_same(call: Call, sound: Path):
    games = [json.loads(line) for line in call("games", sound, "--json").stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(call("games", sound, "--csv").stdout)))
    assert [row["game_id"] for row in rows] == [game["game_id"] for game in games]
    assert [int(row["num_frames"]) for row in rows] == [game["num_frames"] for game in games]
    assert list(rows[0]) == list(games[0])


def test_games_are_in_order_of_their_ids_and_no_more_than_asked_for(call: Call, sound: Path):
    every = [json.loads(line)["game_id"] for line in call("games", sound, "--json").stdout.splitlines()]
    some = [
        json.loads(line)["game_id"]
        for line in call("games", sound, "--json", "--limit", 2).stdout.splitlines()
    ]
    assert every == sorted(every)
    assert some == every[:2]


@pytest.mark.slow
def test_events_are_counted_by_kind_and_can_be_asked_for(
    call: Call, sound: Path, monkeypatch: pytest.MonkeyPatch
):
    games = [json.loads(line) for line in call("games", sound, "--json").stdout.splitlines()]
    assert [(game["hits"], game["ledges"], game["rollbacks"], game["deaths"]) for game in games] == [
        (2, 1, 1, 0)
    ] * NUM_GAMES
    assert call("games", sound, "--where", "hits = 2 AND deaths = 0").stdout.endswith(f"{NUM_GAMES} games\n")
    assert call("games", sound, "--where", "deaths > 0").stdout.endswith("\n0 games\n")
    monkeypatch.setenv("COLUMNS", "120")
    assert "deaths" in call("games", sound).stdout


def test_a_condition_that_nothing_meets_is_an_empty_list(call: Call, sound: Path):
    assert call("games", sound, "--where", "num_frames < 0", "--json").stdout == ""
    assert call("games", sound, "--where", "num_frames < 0").stdout.endswith("0 games\n")


def test_two_formats_at_once_fail(call: Call, sound: Path):
    result = call("games", sound, "--json", "--csv")
    assert result.exit_code == 2
    assert "--json and --csv exclude each other" in result.output


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_that_is_none_fails(call: Call, sound: Path, limit: str):
    assert call("games", sound, "--limit", limit).exit_code == 2


def test_a_dataset_that_was_never_finalized_says_what_to_do(call: Call, tmp_path: Path):
    open_or_create(open_store(tmp_path / "set"), Samples.description)
    with pytest.raises(NotFinalized, match="farm finalize"):
        call("games", tmp_path / "set")


def test_what_is_no_dataset_fails(call: Call, tmp_path: Path):
    with pytest.raises(DatasetError):
        call("games", tmp_path)
