"""Packed rows of state are small, and hold exactly the states, with what was not recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.state import schema
from manifests.state.derived import derive, is_derived
from manifests.state.table import StateTable
from manifests.state.views import make_view
from manifests.training.fields import Fields
from manifests.training.row_arrays import RowArrays
from manifests.training.row_layout import broken, encode_patterns, pack, row_layout, seal, seeds_of
from tests.manifests.small_dataset import one_state
from workers.replay import read_replay
from workers.replay.state import state_table

if TYPE_CHECKING:
    from pathlib import Path

FIELD_SETS = [
    ("state", "action"),
    ("followers", "raw_action", "just_pressed", "state/1"),
    ("p0.x", "d_loss_mask", "p1.ground_id", "p0.d_pressed", "whispy", "ps_type", "d_randall_x", "rng_seed"),
]


def with_holes(seed: int, stage: int) -> StateTable:
    """Forty frames of a recorded match in which random columns are null, throughout or now and then."""
    table, dice = one_state().slice(0, 40), np.random.default_rng(seed)
    values, masks = dict(table.columns), dict(table.masks)
    of_stage = {name for names in schema.COLUMNS_BY_STAGE for name in names}
    for name in list(values):
        if name in of_stage:
            there = np.full(40, name in schema.COLUMNS_BY_STAGE[stage])
            values[name] = dice.integers(1, 9, 40).astype(values[name].dtype)
        else:
            there = dice.random(40) < dice.choice([0.0, 0.5, 1.0, 1.0, 1.0])
        if values[name].dtype == np.bool_ or name == "slp_frame":
            continue
        masks[name] = masks[name] & there if name not in of_stage else there
        values[name] = np.where(masks[name], values[name], 0).astype(values[name].dtype)
    return StateTable(values, masks, table.items, table.stage, table.ports)


def expected(fields: Fields, table: StateTable) -> dict[str, np.ndarray]:
    """The value of each field of a sample, computed directly from the table."""
    found: dict[str, np.ndarray] = {}
    for name in fields.names:
        if (view := fields.view_of(name)) is None:
            values, valid = (
                derive(table, name) if is_derived(name) else (table.values(name), table.valid(name))
            )
            is_wide = values.dtype.kind == "u" and values.dtype.itemsize > 1
            found |= {name: values.astype(np.int64) if is_wide else values, f"{name}_valid": valid}
            continue
        tensor = make_view(table, view)
        found |= {name: tensor.values, f"{name}_valid": tensor.valid}
        if tensor.categories:
            found[f"{name}_ids"] = np.stack([*tensor.categories.values()], 1).astype(np.int64)
            found[f"{name}_ids_valid"] = np.stack([*tensor.categories_valid.values()], 1)
    return found


def unpacked(fields: Fields, table: StateTable) -> dict[str, np.ndarray]:
    """The value of each field of a sample, computed by way of packed rows."""
    of_rows = RowArrays(fields)
    packed = pack(of_rows.layout, table)
    codes = packed.rows.view(np.uint16)[:, of_rows.layout.code_byte // 2].astype(np.int64)
    masks = of_rows.masks(packed.patterns)
    found: dict[str, np.ndarray] = {}
    for part in of_rows.parts:
        found |= of_rows.arrays(part, packed.rows, codes, masks)
    return found


def assert_same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert np.ascontiguousarray(found[name]).tobytes() == np.ascontiguousarray(array).tobytes(), name


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 3), st.sampled_from(FIELD_SETS))
def test_packed_rows_give_every_value_and_mask_as_the_views_do(seed: int, stage: int, names: tuple[str, ...]):
    fields, table = Fields(names), with_holes(seed, stage)
    assert_same(unpacked(fields, table), expected(fields, table))


@pytest.mark.shared
@pytest.mark.parametrize("name", ["sheik_vs_ics_yoshis", "transform", "v3.16", "test_game_1", "Whispy"])
def test_packed_rows_of_real_games_of_every_version_give_the_same(real_replays: Path, name: str):
    table = state_table(read_replay((real_replays / f"{name}.slp").read_bytes()))
    for names in (*FIELD_SETS, tuple(name for name in schema.table_columns(2) if name != "slp_frame")):
        fields = Fields(names)
        assert_same(unpacked(fields, table), expected(fields, table))


def test_a_number_that_is_none_keeps_its_bits():
    table = one_state().slice(0, 3)
    odd = np.array([0x7FC00001, 0xFFC12345, 0x7F800000], np.uint32).view(np.float32)
    table = StateTable({**table.columns, "p0.x": odd}, table.masks, table.items, table.stage, table.ports)
    of_rows = RowArrays(Fields(("p0.x",)))
    packed = pack(of_rows.layout, table)
    found = of_rows.arrays(
        of_rows.parts[0], packed.rows, np.zeros(3, np.int64), of_rows.masks(packed.patterns)
    )
    assert found["p0.x"].tobytes() == odd.tobytes()


def test_the_default_fields_take_at_most_200_bytes_a_frame():
    assert RowArrays(Fields(("state", "action"))).layout.row_bytes <= 200


@pytest.mark.slow
@given(st.lists(st.sampled_from(list(schema.table_columns(2))), min_size=1, max_size=60))
def test_columns_lie_within_their_row_and_only_stages_share_bytes(names: list[str]):
    layout = row_layout(names)
    assert set(layout.names) == set(names)
    assert layout.row_bytes % 4 == 0
    taken: set[tuple[int, int]] = {(byte, bit) for byte in (0, 1) for bit in range(8)}
    taken = {(layout.code_byte + byte, bit) for byte, bit in taken}
    for column in layout.columns:
        end = column.byte + column.dtype.itemsize
        assert column.bit is not None or column.byte % column.dtype.itemsize == 0
        assert end <= layout.row_bytes - 4
        bits = range(8) if column.bit is None else (column.bit,)
        own = {(byte, bit) for byte in range(column.byte, end) for bit in bits}
        assert not own & taken
        taken |= set() if column.is_shared else own


def test_columns_of_two_stages_in_one_game_fail():
    table = one_state().slice(0, 3)
    names = ("whispy", "fod_left")
    values = {name: np.ones(3, table.columns[name].dtype) for name in names}
    masks = {name: np.ones(3, bool) for name in names}
    odd = StateTable(
        {**table.columns, **values}, {**table.masks, **masks}, table.items, table.stage, table.ports
    )
    with pytest.raises(ValueError, match="a game is on one stage, but these columns are of several"):
        pack(row_layout(names), odd)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=50))
def test_patterns_and_codes_are_the_mask(kinds: list[int]):
    known = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]], bool)
    valid = known[kinds]
    patterns, codes = encode_patterns(valid)
    assert (patterns[codes] == valid).all()
    assert len(patterns) == len(set(kinds))


@given(st.integers(0, 9), st.integers(0, 8 * 24 - 1), st.integers(0, 2**32))
def test_any_flipped_bit_another_frame_and_another_chunk_are_found(row: int, bit: int, seed: int):
    rows = np.random.default_rng(seed).integers(0, 256, (10, 24), dtype=np.uint8)
    seeds, frames = np.full(10, seed % 2**32, np.uint32), np.arange(5, 15)
    seal(rows, seeds, frames)
    assert not broken(rows, seeds, frames).any()
    assert broken(rows, seeds + np.uint32(1), frames).all()
    assert broken(rows, seeds, frames + 1).all()
    rows[row, bit // 8] ^= np.uint8(1 << bit % 8)
    assert np.flatnonzero(broken(rows, seeds, frames)).tolist() == [row]


def test_seeds_differ_by_states_file_and_by_layout():
    hashes = np.random.default_rng(0).integers(0, 256, (2, 32), dtype=np.uint8)
    one, other = seeds_of(hashes, "2:state/1"), seeds_of(hashes, "2:state/2")
    assert len({*one.tolist(), *other.tolist()}) == 4
