from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.state.items import ItemTable
from manifests.state.schema import ITEM_COLUMNS
from tests.workers.standin.image.conftest import make_state
from workers.standin.image import layout
from workers.standin.image.records import frame_records, item_records

FLAG = layout.FIGHTER_FLAGS


def items_of(offsets: list[int], recorded: frozenset[str] | None = None, **given: object) -> ItemTable:
    names = frozenset(column.name for column in ITEM_COLUMNS)
    columns = {column.name: np.zeros(offsets[-1], column.numpy_dtype) for column in ITEM_COLUMNS}
    for name, values in given.items():
        columns[name][:] = values
    return ItemTable(np.array(offsets, np.int64), columns, names if recorded is None else recorded)


@pytest.mark.slow
@given(x=st.floats(-511, 511, width=32), y=st.floats(-511, 511, width=32))
def test_positions_are_kept_to_half_a_sixty_fourth_unit(x, y):
    fighter = frame_records(make_state(1, p1__x=x, p1__y=y))["fighters"][0, 2]
    assert abs(int(fighter["x"]) / layout.UNIT - x) <= 0.5 / layout.UNIT
    assert abs(int(fighter["y"]) / layout.UNIT - y) <= 0.5 / layout.UNIT


def test_what_does_not_fit_saturates_instead_of_wrapping():
    fighter = frame_records(make_state(1, p0__x=1e6, p0__y=-1e6, p0__action_age=1e5, p0__percent=5e3))[
        "fighters"
    ][0, 0]
    assert fighter["x"] == 32767
    assert fighter["y"] == -32768
    assert fighter["age"] == 32767
    assert fighter["percent"] == 65535


def test_records_are_in_the_tables_order_and_fighters_in_theirs():
    state = make_state(4, p0__action=[1, 2, 3, 4], p0n__action=20, p1__action=30, p1n__action=40)
    frames = frame_records(state)
    assert frames["slp_frame"].tolist() == [-123, -122, -121, -120]
    assert frames["fighters"]["action"].tolist() == [[k, 20, 30, 40] for k in (1, 2, 3, 4)]


def test_one_who_is_absent_has_no_flags_whatever_the_columns_say():
    flags = frame_records(make_state(2, p0__present=[True, False], p0__flags3=0x80))["fighters"]["flags"][
        :, 0
    ]
    assert flags.tolist() == [FLAG["PRESENT"] | FLAG["SHIELDING"], 0]


@pytest.mark.parametrize(
    ("column", "value", "flag"),
    [
        ("flags1", 0x10, "REFLECT"),
        ("flags2", 0x08, "FASTFALL"),
        ("flags2", 0x20, "HITLAG"),
        ("flags3", 0x80, "SHIELDING"),
        ("flags4", 0x02, "HITSTUN"),
        ("flags5", 0x40, "DEAD"),
        ("flags5", 0x80, "OFFSCREEN"),
        ("hurtbox", 2, "INVULNERABLE"),
        ("airborne", 1, "AIRBORNE"),
        ("hitlag_left", 3.0, "HITLAG"),
    ],
)
def test_each_flag_comes_from_its_bit(column, value, flag):
    state = make_state(1, p1__present=True, **{f"p1__{column}": value})
    assert frame_records(state)["fighters"]["flags"][0, 2] == FLAG["PRESENT"] | FLAG[flag]
    unrecorded = make_state(1, p1__present=True, unrecorded=(f"p1.{column}",), **{f"p1__{column}": value})
    assert frame_records(unrecorded)["fighters"]["flags"][0, 2] == FLAG["PRESENT"]


def test_speed_is_the_step_just_made_and_none_on_arrival():
    state = make_state(4, p0__present=[False, True, True, True], p0__x=[0, 50, 52, 51])
    assert frame_records(state)["fighters"]["vx"][:, 0].tolist() == [0, 0, 2 * layout.UNIT, -layout.UNIT]


def test_what_was_not_recorded_is_drawn_as_a_game_starts():
    unrecorded = ("p0.shield", "fod_left", "fod_right", "ps_type", "whispy")
    frame = frame_records(make_state(1, stage=2, unrecorded=unrecorded))[0]
    assert frame["fighters"]["shield"][0] == 60 * layout.SHIELD_UNIT
    assert frame["moving"].tolist() == [20 * layout.UNIT, 28 * layout.UNIT]
    assert frame["stadium_type"] == 5
    assert frame["whispy"] == 0


def test_the_cloud_is_placed_by_its_middle():
    frame = frame_records(make_state(1, stage=8, d_randall_x=50.0, d_randall_y=-13.65))[0]
    assert frame["moving"].tolist() == [round(55.95 * layout.UNIT), round(-13.65 * layout.UNIT)]


def test_items_keep_their_frames_and_name_their_owner_by_player():
    table = items_of(
        [0, 2, 2, 3], type=[54, 210, 99], x=[1.0, -2.0, 3.5], owner=[2, 1, 0], spawn_id=[7, 70000, 9]
    )
    state = make_state(3, items=table)
    frames, items = frame_records(state), item_records(state)
    assert frames["first_item"].tolist() == [0, 2, 2]
    assert frames["num_items"].tolist() == [2, 0, 1]
    assert items["type"].tolist() == [54, 210, 99]
    assert items["x"].tolist() == [64, -128, 224]
    assert items["owner"].tolist() == [1, -1, 0]  # ports 0 and 2 play; port 1 does not
    assert items["spawn_id"].tolist() == [7, 70000 & 0xFFFF, 9]


def test_items_of_unknown_owner_belong_to_nobody():
    table = items_of([0, 1], recorded=frozenset({"type"}), owner=[0])
    assert item_records(make_state(1, items=table))["owner"].tolist() == [-1]


def test_an_action_without_an_animation_counts_its_frames():
    state = make_state(7, p0__action=[14, 14, 0, 0, 0, 1, 1], p0__action_age=[8.5, 9.5, -1, -1, -1, -1, -1])
    assert (frame_records(state)["fighters"]["age"][:, 0] / layout.AGE_UNIT).tolist() == [
        8.5,
        9.5,
        0,
        1,
        2,
        0,
        1,
    ]
    unrecorded = make_state(3, p0__action=[14, 14, 15], unrecorded=("p0.action_age",))
    assert (frame_records(unrecorded)["fighters"]["age"][:, 0] // layout.AGE_UNIT).tolist() == [0, 1, 0]
