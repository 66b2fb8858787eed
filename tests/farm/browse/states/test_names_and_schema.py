"""The names of actions and the schema page come from one declaration, and need no optional package."""

from __future__ import annotations

import json
import sys

import pytest

from farm.browse.states import action_names as names
from farm.browse.states.action_names import action_name, action_names
from farm.browse.states.schema_page import schema_columns, schema_tables
from manifests.ledger.tables import MANIFEST_TABLES
from manifests.state import schema


@pytest.fixture
def without_libmelee(monkeypatch: pytest.MonkeyPatch) -> None:
    action_names.cache_clear()
    monkeypatch.setitem(sys.modules, "workers.replay.melee_names", None)
    import workers.replay  # noqa: PLC0415 - whose attribute hides the module that is to be absent

    monkeypatch.delattr(workers.replay, "melee_names", raising=False)
    yield
    action_names.cache_clear()


def test_an_action_has_libmelees_name():
    pytest.importorskip("melee", reason="the extra `render` is not installed")
    assert action_name(0x0E) == "STANDING"
    assert len(action_names()) > 300


def test_an_action_that_nobody_named_is_its_number():
    assert action_name(65_535) == "action 65535"


@pytest.mark.usefixtures("without_libmelee")
def test_without_libmelee_every_action_is_its_number():
    assert action_names() == {}
    assert names.action_name(0x0E) == "action 14"


def test_every_column_of_the_states_is_on_the_page_with_its_meaning():
    rows = schema_tables()["states"]
    assert [row["name"] for row in rows] == list(schema.table_columns(2))
    assert all(row["doc"] and row["type"] for row in rows)


def test_every_manifest_is_on_the_page():
    manifests = schema_tables()["manifests"]
    assert tuple(manifests) == MANIFEST_TABLES
    for columns in manifests.values():
        assert len({column["name"] for column in columns}) == len(columns)
        assert all(column["doc"] for column in columns)


def test_the_page_is_json():
    assert json.loads(json.dumps(schema_tables())) == schema_tables()


@pytest.mark.parametrize("num_players", [2, 4])
def test_what_can_be_drawn_has_one_number_a_frame(num_players: int):
    columns = schema_columns(num_players)
    assert {f"p{place}.x" for place in range(num_players)} <= set(columns)
    assert f"p{num_players}.x" not in columns
    assert not [name for name in columns if name.startswith("items.")]
