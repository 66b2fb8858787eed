"""Each filter of games is tested on a game that passes it and on one that does not."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from farm.planning.selection import Selection
from manifests.ledger.reasons import Reason
from manifests.state.table import StateTable
from workers.errors import ReplayRefused
from workers.replay import GameRecord, read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match


@pytest.fixture(scope="module")
def game() -> tuple[GameRecord, StateTable]:
    replay = read_replay(record_match(1, num_frames=200))
    return replay.record, state_table(replay)


def refused(selection: Selection, record: GameRecord, table: StateTable) -> str:
    with pytest.raises(ReplayRefused) as caught:
        selection.check(record, table)
    assert caught.value.reason is Reason.FILTERED
    return caught.value.detail


def test_the_default_wants_every_renderable_game(game: tuple[GameRecord, StateTable]):
    Selection().check(*game)


def test_people_only(game: tuple[GameRecord, StateTable]):
    record, table = game
    players = (dataclasses.replace(record.players[0], is_human=False), record.players[1])
    assert "people" in refused(
        Selection(humans_only=True), dataclasses.replace(record, players=players), table
    )
    people = tuple(dataclasses.replace(player, is_human=True) for player in record.players)
    Selection(humans_only=True).check(dataclasses.replace(record, players=people), table)


@pytest.mark.parametrize(
    ("version", "passes"), [("3.7.0", True), ("3.18.0", True), ("3.6.9", False), ("2.9.0", False)]
)
def test_old_versions(game: tuple[GameRecord, StateTable], version: str, passes: bool):
    record, table = dataclasses.replace(game[0], slippi_version=version), game[1]
    if passes:
        Selection(min_version=(3, 7)).check(record, table)
    else:
        assert "3.7 or later" in refused(Selection(min_version=(3, 7)), record, table)


def test_timer_stage_and_characters(game: tuple[GameRecord, StateTable]):
    record, table = game
    names = frozenset(player.character_name for player in record.players)
    Selection(
        timer_seconds=record.timer_seconds, stages=frozenset({record.stage_name}), characters=names
    ).check(*game)
    assert "timer" in refused(Selection(timer_seconds=123), record, table)
    other_stage = "DREAMLAND" if record.stage_name != "DREAMLAND" else "BATTLEFIELD"
    assert "stage" in refused(Selection(stages=frozenset({other_stage})), record, table)
    assert "plays" in refused(Selection(characters=frozenset({"PICHU"})), record, table)


def changed(table: StateTable, **columns: Any) -> StateTable:
    values = {name.replace("_", ".", 1): value for name, value in columns.items()}
    return dataclasses.replace(table, columns={**table.columns, **values})


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [("p0_x", -501, "beyond 500"), ("p1_y", 501, "beyond 500"), ("p0_shield", 61, "beyond 60"),
     ("p1_jumps_left", 7, "beyond 6"), ("p0_character", 0x21, "none of the game's")],
)  # fmt: skip
def test_what_no_game_shows(game: tuple[GameRecord, StateTable], column: str, value: float, what: str):
    record, table = game
    values = table.values(column.replace("_", ".", 1)).copy()
    values[7] = value
    assert what in refused(Selection(sane=True), record, changed(table, **{column: values}))


def test_a_game_in_which_hardly_anything_happens(game: tuple[GameRecord, StateTable]):
    record, table = game
    still = changed(table, p0_percent=np.zeros(200, np.float32), p1_percent=np.zeros(200, np.float32))
    assert "hardly anything" in refused(Selection(sane=True), record, still)
    lively = changed(still, p0_percent=np.linspace(0, 101, 200, dtype=np.float32))
    Selection(sane=True).check(record, lively)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stages": frozenset({"HYRULE"})},
        {"characters": frozenset({"SONIC"})},
        {"min_frames": -1},
        {"max_games": 0},
    ],
)
def test_a_selection_that_cannot_be_meant_fails(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=r"HYRULE|SONIC|want 0 or more"):
        Selection(**wrong)
