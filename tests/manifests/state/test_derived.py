"""Derived columns follow their rule where the columns they need were recorded, and are null elsewhere."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from manifests.state.derived import (
    CLASSES,
    ENTITY_DERIVED,
    FLAG_BITS,
    FRAME_DERIVED,
    derive,
    derived_column,
    is_derived,
)
from manifests.state.table import StateTable


def with_columns(table: StateTable, **columns: Any) -> StateTable:
    values, masks = dict(table.columns), dict(table.masks)
    for name, given in columns.items():
        full = name.replace("_", ".", 1) if name.startswith("p") else name
        values[full] = np.asarray(given, table.values(full).dtype)
        masks[full] = np.ones(table.num_frames, bool)
    return dataclasses.replace(table, columns=values, masks=masks)


@pytest.fixture
def table(make_state: Any) -> StateTable:
    return make_state(4)


@pytest.mark.parametrize(
    ("name", "columns", "expected"),
    [
        ("p0.d_hitstun_left", {"p0_misc_as": [9, 8, 7, 6], "p0_flags4": [2, 0, 0x22, 0x20]}, [9, 0, 7, 0]),
        ("p0.d_invulnerable", {"p0_hurtbox": [0, 1, 2, 0]}, [0, 1, 1, 0]),
        ("p0.d_fastfall", {"p0_flags2": [0x08, 0, 0xF7, 0xFF]}, [1, 0, 0, 1]),
        ("p1.d_in_hitlag", {"p1_flags2": [0x20, 0, 0xDF, 0xFF]}, [1, 0, 0, 1]),
        ("p0.d_shielding", {"p0_flags3": [0x80, 0, 0x7F, 0xFF]}, [1, 0, 0, 1]),
        ("p0.d_powershield", {"p0_flags4": [0x20, 0, 0xDF, 0xFF]}, [1, 0, 0, 1]),
        ("p0.d_dead", {"p0_flags5": [0x40, 0, 0xBF, 0xFF]}, [1, 0, 0, 1]),
        ("p0.d_offscreen", {"p0_flags5": [0x80, 0, 0x7F, 0xFF]}, [1, 0, 0, 1]),
        ("p0.d_action_category", {"p0_character": [1, 9, 1, 1], "p0_action": [0x41, 0x155, 0x155, 0]}, [12,
        8, 13, 1]),
        ("p0.d_character_class", {"p0_character": [0, 32, 33, 255]}, [0, 32, 33, 33]),
        ("p0.d_action_class", {"p0_action": [0, 537, 538, 0xFFFF]}, [0, 537, 538, 538]),
        ("p0.d_last_attack_class", {"p0_last_attack_landed": [0, 1, 62, 255]}, [0, 1, 62, 255]),
        ("p1.d_last_hit_by_class", {"p1_last_hit_by": [0, 3, 6, 5]}, [0, 3, 4, 4]),
        ("p0.d_ground_class", {"p0_ground_id": [0, 127, 128, 0xFFFF]}, [0, 127, 128, 128]),
        ("p0.d_animation_class", {"p0_animation": [0, 1023, 2**20, 2**32 - 1]}, [0, 1023, 1024, 1024]),
        ("d_rolled_back", {"n_written": [1, 2, 1, 255]}, [0, 1, 0, 1]),
    ],
)  # fmt: skip
def test_a_rule(table: StateTable, name: str, columns: dict[str, Any], expected: list[float]):
    values, valid = derive(with_columns(table, **columns), name)
    assert values.tolist() == expected
    assert valid.all()
    assert values.dtype == derived_column(name).dtype


def test_every_column_has_a_rule_under_test():
    tested = {mark.args[1][k][0] for mark in test_a_rule.pytestmark for k in range(len(mark.args[1]))}
    own = {name.rpartition(".")[2] for name in tested} | {"d_playable", "d_loss_mask"}
    assert own == {column.name for column in (*ENTITY_DERIVED, *FRAME_DERIVED, *CLASSES)}


def test_playable_begins_with_go(make_state: Any):
    table = make_state(10, first=-44)
    assert derive(table, "d_playable")[0].tolist() == [False] * 5 + [True] * 5


def test_the_loss_mask_wants_final_frames_with_everybody_there(make_state: Any):
    table = make_state(4, first=-40)
    table = with_columns(table, finalized=[1, 1, 0, 1], p0_present=[1, 1, 1, 1], p1_present=[1, 1, 1, 0])
    assert derive(table, "d_loss_mask")[0].tolist() == [False, True, False, False]


def test_what_was_not_recorded_is_null_in_what_follows_from_it(table: StateTable):
    masks = {**table.masks, "p0.hurtbox": np.array([True, False, True, False])}
    values, valid = derive(dataclasses.replace(table, masks=masks), "p0.d_invulnerable")
    assert valid.tolist() == [True, False, True, False]
    assert not values[~valid].any()


A, B, X = 0x100, 0x200, 0x400


def test_a_button_is_pressed_once(make_state: Any):
    table = with_columns(make_state(6, first=-123), p0_buttons=[A, A, A | B, B, A, 0])
    values, valid = derive(table, "p0.d_pressed")
    assert values.tolist() == [A, 0, B, 0, A, 0]
    assert valid.all()


def test_the_first_row_of_a_later_slice_does_not_know_what_was_down_before(make_state: Any):
    table = with_columns(make_state(6, first=-123), p0_buttons=[A, A | X, A | B, B, A, 0])
    values, valid = derive(table.slice(1, 6), "p0.d_pressed")
    assert valid.tolist() == [False, True, True, True, True]
    assert values.tolist() == [0, B, 0, A, 0]
    assert derive(table.slice(0, 6), "p0.d_pressed")[0][2:].tolist() == values[1:].tolist()


@pytest.mark.parametrize("name", ["p0.d_nonsense", "d_dead", "p0.d_playable", "p0.x"])
def test_an_unknown_derived_column_fails(table: StateTable, name: str):
    assert not is_derived(name)
    with pytest.raises(KeyError, match="no derived column"):
        derive(table, name)


def test_every_flag_is_a_bit_of_its_byte(table: StateTable):
    given = np.array([0, 0x81, 0x5A, 0xFF], np.uint8)
    table = with_columns(table, **{f"p1_flags{number}": given for number in range(1, 6)})
    bits = np.array([derive(table, f"p1.{column.name}")[0] for column in FLAG_BITS])
    assert len(bits) == 40
    assert np.array_equal(np.packbits(bits.reshape(5, 8, 4), axis=1, bitorder="little")[:, 0], [given] * 5)
