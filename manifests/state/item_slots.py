"""Arrange items in a tensor with a fixed number of slots; an item keeps its slot from first frame to last."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.state.schema import ITEM_COLUMNS, MAX_ITEMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from manifests.state.items import ItemTable

VALUE_NAMES = tuple(column.name for column in ITEM_COLUMNS if not column.is_category)
CATEGORY_NAMES = tuple(column.name for column in ITEM_COLUMNS if column.is_category)


@dataclass(frozen=True, eq=False, slots=True)
class ItemSlots:
    """The items of T frames in S slots.

    Attributes:
        exists: bool [T, S], True where a slot holds an item.
        values: float32 [T, S, K], the K quantities of each item; zero where there is no item.
        names: Names of the K quantities.
        categories: Each integral column [T, S] by name, in its own dtype; zero where there is no item.
        num_dropped: How many item rows got no slot, because more than S items existed at once.
        is_known: False if the replay's version records no items: then `exists` says nothing.
    """

    exists: NDArray[np.bool_]
    values: NDArray[np.float32]
    names: tuple[str, ...]
    categories: Mapping[str, NDArray[Any]]
    num_dropped: int
    is_known: bool


def item_slots(items: ItemTable, num_slots: int = MAX_ITEMS) -> ItemSlots:
    """Put every item into the lowest slot that is free when it appears, until the item's last frame.

    An item is identified by its spawn_id. Slots depend on the table: in a slice of the same game an item may
    get another slot.

    Args:
        items: The items of T frames.
        num_slots: S, at least 1.
    """
    slot = assign_slots(items, num_slots)
    frame = items.frame_index()
    kept = slot >= 0
    place = (frame[kept], slot[kept])
    shape = (items.num_frames, num_slots)
    exists = np.zeros(shape, bool)
    exists[place] = True
    values = np.zeros((*shape, len(VALUE_NAMES)), np.float32)
    for k, name in enumerate(VALUE_NAMES):
        values[(*place, k)] = items.values(name)[kept]
    categories = {}
    for name in CATEGORY_NAMES:
        categories[name] = np.zeros(shape, items.values(name).dtype)
        categories[name][place] = items.values(name)[kept]
    return ItemSlots(exists, values, VALUE_NAMES, categories, int(np.count_nonzero(~kept)), items.valid)


def assign_slots(items: ItemTable, num_slots: int = MAX_ITEMS) -> NDArray[np.int64]:
    """Find the slot of each item row, int64 [N]; -1 where all slots were taken."""
    spawn_ids, first_row, row_item = np.unique(
        items.values("spawn_id"), return_index=True, return_inverse=True
    )
    frame = items.frame_index()
    last_frame = np.zeros(spawn_ids.size, np.int64)
    np.maximum.at(last_frame, row_item, frame)
    slot_of_item = np.full(spawn_ids.size, -1)
    free = list(range(num_slots))
    taken: list[tuple[int, int]] = []  # (last frame, slot); the slot that becomes free first is in front
    for item in np.argsort(first_row, kind="stable").tolist():
        # Free the slots of items whose last frame was before this item's first.
        while taken and taken[0][0] < frame[first_row[item]]:
            heapq.heappush(free, heapq.heappop(taken)[1])
        if free:
            slot_of_item[item] = heapq.heappop(free)
            heapq.heappush(taken, (int(last_frame[item]), int(slot_of_item[item])))
    return slot_of_item[row_item]
