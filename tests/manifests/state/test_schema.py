"""The schema is the only declaration of columns: no other code holds a column's width, number or type."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from manifests.state import schema
from manifests.state.column import Column, Source

ROOT = Path(__file__).resolve().parents[3]
GROUPS = (
    schema.FRAME_COLUMNS,
    schema.POST_COLUMNS,
    schema.PRE_COLUMNS,
    schema.STAGE_COLUMNS,
    schema.ITEM_COLUMNS,
)


def test_names_are_unique_within_a_table():
    for num_players in range(1, schema.MAX_PLAYERS + 1):
        entities = 2 * num_players * len(schema.ENTITY_COLUMNS)
        expected = len(schema.FRAME_COLUMNS) + entities + len(schema.STAGE_COLUMNS)
        assert len(schema.table_columns(num_players)) == expected


def test_every_column_says_what_it_means():
    for column in (column for group in GROUPS for column in group):
        assert column.doc, column.name
        assert np.dtype(column.dtype), column.name


def test_fields_of_one_event_do_not_overlap():
    for group in GROUPS:
        taken: dict[int, str] = {}
        for column in group:
            if column.source is not None:
                width = np.dtype(column.source.wire).itemsize
                for byte in range(column.source.offset, column.source.offset + width):
                    assert byte not in taken, f"{column.name} and {taken.get(byte)} share byte {byte:#x}"
                    taken[byte] = column.name


def test_a_recorded_type_holds_every_value_of_the_wire_type():
    for column in (column for group in GROUPS for column in group):
        if column.source is not None and column.name != "facing":
            assert np.can_cast(np.dtype(column.source.wire), column.numpy_dtype, "safe"), column.name


def test_a_source_that_ends_beyond_its_event_fails():
    with pytest.raises(ValueError, match="ends before the field"):
        Source("post", 0x10, ">f4", requires_bytes=0x12)


@pytest.mark.parametrize("num_players", [0, 5])
def test_an_impossible_number_of_players_fails(num_players: int):
    with pytest.raises(ValueError, match="1 to 4"):
        schema.table_columns(num_players)


def test_the_documentation_table_has_a_row_for_every_column():
    table = schema.documentation_table()
    assert table.count("\n") == 2 + sum(len(group) for group in GROUPS)
    assert "| `p0.hitlag_left` | float32 | frames | 3.8 |" in table


# Code that contains a column's number or a width: [:, 17]  [..., 3]  .reshape(-1, 249)  zeros((T, 54))
ADDRESSED = re.compile(
    r"\[(?:\.\.\.|:)\s*,\s*(?!-?[01]\])\d+\]|reshape\([^)]*,\s*\d\d+\)|zeros\(\([^)]*,\s*\d\d+\)"
)


def test_no_width_or_column_number_is_a_literal():
    rooms = (ROOT / "manifests" / "state", ROOT / "workers" / "replay")
    # matrices.py is the place that hides column numbers; ids of Melee's things are numbers of another kind.
    others = {"matrices.py", "melee_names.py", "stage_geometry.py"}
    sources = [path for room in rooms for path in room.glob("*.py") if path.name not in others]
    assert len(sources) > 10
    widths = {len(schema.table_columns(players)) for players in range(1, schema.MAX_PLAYERS + 1)}
    widths |= {len(schema.ENTITY_COLUMNS), len(schema.POST_COLUMNS)} - set(range(40))
    for source in sources:
        code = re.sub(r'""".*?"""|#[^\n]*', "", source.read_text(), flags=re.DOTALL)
        assert not ADDRESSED.search(code), f"{source.name}: {ADDRESSED.search(code)}"
        numbers = {int(number) for number in re.findall(r"(?<![\w.])\d+(?![\w.])", code)}
        assert not numbers & widths, f"{source.name} holds a table's width as a literal"


def test_that_check_sees_what_it_is_for():
    for bad in ("x = values[:, 17]", "m = v[..., 3]", "np.zeros((T, 249))", "a.reshape(-1, 54)"):
        assert ADDRESSED.search(bad), bad


def test_a_column_knows_its_little_endian_type():
    assert Column("x", "float32", "", "a doc").numpy_dtype.str == "<f4"
