"""The SQL view has a column with a name of its own for every place of the vectors."""

from __future__ import annotations

import re

import pytest

from manifests.state import schema
from manifests.state.file import vector_columns
from manifests.state.sql import view_sql


@pytest.mark.parametrize("num_players", [1, 2, 4])
def test_every_column_is_named_after_its_place(num_players: int):
    sql = view_sql("states/*.parquet", num_players=num_players, with_followers=True)
    found = re.findall(r'(\w+)\[(\d+)\](?: = 1\))? AS "([^"]+)"', sql)
    assert {name for _, _, name in found} == set(schema.table_columns(num_players)) - {"slp_frame"}
    for vector, place, name in found:
        assert vector_columns(num_players)[vector][int(place) - 1] == name


def test_followers_are_named_only_on_request():
    assert "p0n.x" not in view_sql("x.parquet")
    assert "p0n.x" in view_sql("x.parquet", with_followers=True)


def test_a_quote_in_a_path_stays_a_path():
    assert "read_parquet('it''s/*.parquet'" in view_sql("it's/*.parquet")


def test_an_impossible_number_of_players_fails():
    with pytest.raises(ValueError, match="1 to 4"):
        view_sql("x", num_players=5)
