"""The view that sums up the projectiles that threaten a player has the right values."""

from __future__ import annotations

import dataclasses
import gc
from typing import Any

import numpy as np
import pytest

from manifests.state import projectiles
from manifests.state.derived import PROJECTILES, derive
from manifests.state.items import ItemTable
from manifests.state.table import StateTable
from tests.manifests.state.test_derived import with_columns

LASER = 54
RECORDED = frozenset({"type", "x", "y", "vx", "vy", "owner"})


def with_items(
    table: StateTable, rows: list[dict[str, Any]], recorded: frozenset[str] = RECORDED
) -> StateTable:
    """A table with items: each row gives its frame, and type, owner, x, y, vx and vy where they are not 0."""
    counts = np.bincount([row["frame"] for row in rows], minlength=table.num_frames)
    empty = ItemTable.empty(table.num_frames)
    columns = {
        name: np.array([row.get(name, 0) for row in rows], values.dtype)
        for name, values in empty.columns.items()
    }
    items = ItemTable(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), columns, recorded)
    return dataclasses.replace(table, items=items)


@pytest.fixture
def table(make_state: Any) -> StateTable:
    """Three frames: p0 on port 1 stands at (0, 0), p1 on port 3 at (50, 10)."""
    made = with_columns(
        make_state(3, with_items=False), p0_x=[0] * 3, p0_y=[0] * 3, p1_x=[50] * 3, p1_y=[10] * 3,
        p0_present=[True] * 3, p1_present=[True] * 3,
    )  # fmt: skip
    return dataclasses.replace(made, ports=(1, 3))


def summary(table: StateTable, player: str) -> dict[str, list[Any]]:
    parts = ("count", "type", "distance", "right", "up", "vx", "vy")
    found = {part: derive(table, f"{player}.d_projectile_{part}") for part in parts}
    return {
        part: [value if is_valid else None for value, is_valid in zip(*pair, strict=True)]
        for part, pair in found.items()
    }


def test_the_nearest_of_the_others_projectiles_is_described(table: StateTable):
    table = with_items(
        table,
        [
            {"frame": 1, "type": LASER, "owner": 3, "x": 30.0, "y": 40.0, "vx": -5.0, "vy": 1.0},
            {"frame": 1, "type": LASER + 1, "owner": 3, "x": 3.0, "y": -4.0, "vx": -2.0},
            {"frame": 1, "type": LASER + 2, "owner": 1, "x": 1.0},
        ],
    )
    assert summary(table, "p0") == {
        "count": [0, 2, 0], "type": [256, LASER + 1, 256], "distance": [None, 5.0, None],
        "right": [None, 3.0, None], "up": [None, -4.0, None], "vx": [None, -2.0, None],
        "vy": [None, 0.0, None],
    }  # fmt: skip
    assert summary(table, "p1")["type"] == [256, LASER + 2, 256]


@pytest.mark.parametrize(
    "item", [{"type": 47, "owner": 3}, {"type": LASER, "owner": -1}, {"type": LASER, "owner": 0}],
    ids=["no projectile", "owned by nobody", "owned by a port that does not play"],
)  # fmt: skip
def test_what_is_nobodys_projectile_does_not_count(table: StateTable, item: dict[str, int]):
    assert summary(with_items(table, [{"frame": 2, **item}]), "p0")["count"] == [0, 0, 0]


def test_without_owners_nothing_is_known(table: StateTable):
    table = with_items(table, [{"frame": 0, "type": LASER, "owner": 3}], RECORDED - {"owner"})
    assert summary(table, "p0") == dict.fromkeys(summary(table, "p0"), [None] * 3)


def test_an_absent_player_meets_none(table: StateTable):
    table = with_items(table, [{"frame": 1, "type": LASER, "owner": 3}])
    table = with_columns(table, p0_present=[True, False, True])
    assert summary(table, "p0")["count"] == [0, None, 0]


def test_a_type_that_no_item_has_is_the_none_class(table: StateTable):
    assert summary(with_items(table, [{"frame": 0, "type": 999, "owner": 3}]), "p0")["type"][0] == 256


def test_seven_columns_of_a_player_are_found_in_one_search(
    table: StateTable, monkeypatch: pytest.MonkeyPatch
):
    searched: list[str] = []
    find = projectiles._find

    def counted(table: StateTable, entity: str) -> projectiles.Threats:
        searched.append(entity)
        return find(table, entity)

    monkeypatch.setattr(projectiles, "_find", counted)
    for player in ("p0", "p1"):
        for column in PROJECTILES:
            derive(table, f"{player}.{column.name}")
    assert searched == ["p0", "p1"]


@pytest.mark.slow
def test_what_was_found_goes_with_its_table(table: StateTable):
    one = with_items(table, [{"frame": 0, "type": LASER, "owner": 3}])
    other = with_items(table, [])
    assert derive(one, "p0.d_projectile_count")[0].tolist() == [1, 0, 0]
    assert derive(other, "p0.d_projectile_count")[0].tolist() == [0, 0, 0]
    before = len(projectiles._FOUND)
    del one, other
    gc.collect()
    assert len(projectiles._FOUND) <= before - 2
