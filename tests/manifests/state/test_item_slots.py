"""An item keeps its slot as long as it exists, and no two items share one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.state.item_slots import CATEGORY_NAMES, VALUE_NAMES, assign_slots, item_slots
from manifests.state.items import ItemTable
from manifests.state.schema import ITEM_COLUMNS, MAX_ITEMS


def items_of(frames: list[list[int]]) -> ItemTable:
    """A table from the spawn ids of each frame; x is frame * 100 + spawn id."""
    ids = np.array([one for frame in frames for one in frame], np.uint32)
    frame_of = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])
    columns: dict[str, Any] = {column.name: np.zeros(ids.size, column.numpy_dtype) for column in ITEM_COLUMNS}
    columns |= {"spawn_id": ids, "x": (frame_of * 100 + ids).astype(np.float32)}
    offsets = np.concatenate([[0], np.cumsum([len(frame) for frame in frames])]).astype(np.int64)
    return ItemTable(offsets, columns, frozenset(columns))


def test_slots_are_given_in_order_and_free_again_after_the_last_frame():
    items = items_of([[7], [7, 9], [9, 3], [], [5, 9, 3]])
    assert assign_slots(items).tolist() == [0, 0, 1, 1, 0, 2, 1, 0]


def test_an_item_that_is_away_for_a_frame_keeps_its_slot():
    items = items_of([[1, 2], [2], [1, 3]])
    assert assign_slots(items).tolist() == [0, 1, 1, 0, 1]


LIVES = st.lists(
    st.tuples(st.integers(0, 25), st.integers(1, 8)), max_size=40
)  # each item's first frame and number of frames


@pytest.mark.slow
@given(LIVES, st.integers(1, MAX_ITEMS))
def test_a_slot_is_for_life_and_for_one(lives: list[tuple[int, int]], num_slots: int):
    frames: list[list[int]] = [[] for _ in range(35)]
    for spawn_id, (start, length) in enumerate(lives):
        for frame in frames[start : start + length]:
            frame.append(spawn_id)
    items = items_of(frames)
    slot = assign_slots(items, num_slots)
    of_item: dict[int, set[int]] = {}
    for spawn_id, one in zip(items.values("spawn_id").tolist(), slot.tolist(), strict=True):
        of_item.setdefault(spawn_id, set()).add(one)
    assert all(len(slots) == 1 for slots in of_item.values())
    frame_of = items.frame_index()
    taken = [(frame, one) for frame, one in zip(frame_of.tolist(), slot.tolist(), strict=True) if one >= 0]
    assert len(taken) == len(set(taken))
    assert all(one < num_slots for _, one in taken)
    if max((len(frame) for frame in frames), default=0) <= num_slots:
        assert (slot >= 0).all()


def test_the_tensor_holds_every_item_at_its_place():
    items = items_of([[7], [7, 9], [], [9]])
    slots = item_slots(items)
    assert slots.exists.sum() == items.num_rows
    assert slots.exists.shape == (4, MAX_ITEMS)
    x = slots.values[:, :, slots.names.index("x")]
    assert x[1, 0] == 107
    assert x[1, 1] == 109
    assert x[3, 1] == 309
    assert not x[~slots.exists].any()
    assert slots.categories["spawn_id"][1, 1] == 9
    assert slots.categories["spawn_id"].dtype == np.uint32
    assert slots.num_dropped == 0


def test_what_finds_no_slot_is_counted():
    assert item_slots(items_of([[1, 2, 3], [1, 2, 3]]), num_slots=2).num_dropped == 2


def test_unknown_items_are_not_said_to_be_none():
    slots = item_slots(ItemTable.empty(3))
    assert not slots.is_known
    assert slots.exists.shape == (3, MAX_ITEMS)


def test_no_id_is_a_quantity():
    assert not set(VALUE_NAMES) & set(CATEGORY_NAMES)
    assert {"type", "state", "owner", "spawn_id"} <= set(CATEGORY_NAMES)


@pytest.mark.parametrize("num_frames", [1, 50])
def test_any_items_fit(make_state: Any, num_frames: int):
    items = make_state(num_frames, seed=num_frames).items
    slots = item_slots(items)
    assert slots.exists.sum() + slots.num_dropped >= len(
        set(zip(items.frame_index(), items.values("spawn_id"), strict=True))
    )
