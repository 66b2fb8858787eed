"""A state is unchanged by conversion to Arrow and back, with nulls where nothing was recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from manifests.state.arrow import from_arrow, to_arrow


@pytest.mark.slow
@pytest.mark.parametrize("num_players", [1, 2, 4])
def test_arrow_and_back_is_the_same_state(make_state: Any, num_players: int):
    for with_items in (True, False):
        table = make_state(40, num_players, seed=num_players, with_items=with_items)
        assert from_arrow(to_arrow(table)).sha256 == table.sha256
        assert from_arrow(to_arrow(table.slice(5, 21))).sha256 == table.slice(5, 21).sha256


def test_what_is_not_recorded_is_null_in_arrow(make_state: Any):
    table = make_state(40)
    arrow = to_arrow(table)
    for name in table.names():
        assert arrow.column(name).null_count == np.count_nonzero(~table.valid(name)), name


def test_an_arrow_table_of_something_else_fails(make_state: Any):
    arrow = to_arrow(make_state(5))
    with pytest.raises(ValueError, match="lacks columns"):
        from_arrow(arrow.drop_columns(["p0.x"]))
    with pytest.raises(ValueError, match="metadata"):
        from_arrow(arrow.replace_schema_metadata(None))
    metadata = {key: value.replace(b'"schema_version": "1"', b'"schema_version": "0"')
                for key, value in arrow.schema.metadata.items()}  # fmt: skip
    with pytest.raises(ValueError, match="state schema 0"):
        from_arrow(arrow.replace_schema_metadata(metadata))
