"""Columns kept in matrices are the same as in a dict; a matrix that does not fit is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from manifests.state.file import mask_layout, read_states, states_bytes, value_layout
from manifests.state.matrices import ColumnMatrices, Layout, Place
from manifests.state.table import StateTable

FLOAT, BYTE, BOOL = np.dtype("<f4"), np.dtype("u1"), np.dtype("?")
LAYOUT = Layout({"x": Place("floats", 0, FLOAT), "y": Place("floats", 1, FLOAT), "n": Place("bytes", 0, BYTE),
                 "yes": Place("bytes", 1, BOOL)})  # fmt: skip


def matrices(frames: int = 3, **changes: Any) -> dict[str, Any]:
    floats = np.arange(2 * frames, dtype=FLOAT).reshape(2, frames)
    return {"floats": floats, "bytes": np.ones((2, frames), BYTE)} | changes


def test_a_column_is_a_row():
    columns = ColumnMatrices(LAYOUT, matrices())
    assert list(columns) == ["x", "y", "n", "yes"]
    assert columns["y"].tolist() == [3, 4, 5]
    assert columns["yes"].dtype == np.bool_
    assert columns.rows(slice(1, 3))["y"].tolist() == [4, 5]
    with pytest.raises(ValueError, match="read-only"):
        columns["x"][0] = 1
    with pytest.raises(KeyError):
        columns["z"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"floats": np.zeros((2, 3))},
        {"floats": np.zeros((1, 3), FLOAT)},
        {"floats": np.zeros(3, FLOAT)},
        {"floats": None},
        {"bytes": np.zeros((2, 4), BYTE)},
        {"bytes": np.zeros((2, 3), BOOL)},
    ],
    ids=["dtype", "rows", "dimensions", "missing", "frames", "bool for byte"],
)
def test_a_matrix_that_does_not_fit_fails(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match="matrix"):
        ColumnMatrices(LAYOUT, matrices(**wrong))


def test_types_that_cannot_share_a_matrix_fail():
    with pytest.raises(ValueError, match="cannot hold"):
        Layout({"x": Place("m", 0, FLOAT), "n": Place("m", 1, BYTE)})


def test_a_table_of_matrices_of_another_length_fails(make_state: Any):
    table = read_states(states_bytes(make_state(10)))
    other = read_states(states_bytes(make_state(11)))
    with pytest.raises(ValueError, match="do not hold the schema's columns"):
        StateTable(other.columns, table.masks, table.items, table.stage, table.ports)


def test_every_column_and_mask_has_a_place():
    for num_players in (1, 2, 4):
        assert value_layout(num_players).places.keys() == mask_layout(num_players).places.keys()
