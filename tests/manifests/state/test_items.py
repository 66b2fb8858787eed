"""Items of a frame vary in number, keep their order, and are unknown, not none, in old versions."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from manifests.state.items import ItemTable


def test_frames_and_rows_belong_together(make_state: Any):
    items = make_state(80, seed=3).items
    frame = items.frame_index()
    assert len(frame) == items.num_rows
    for t in range(items.num_frames):
        assert np.array_equal(np.flatnonzero(frame == t), np.arange(items.offsets[t], items.offsets[t + 1]))


def test_unknown_is_not_none():
    assert not ItemTable.empty(5).valid
    none = ItemTable.empty(5, frozenset({"type", "x"}))
    assert none.valid
    assert none.num_rows == 0
    assert none.is_recorded("x")
    assert not none.is_recorded("owner")


def test_an_unknown_item_column_fails():
    with pytest.raises(KeyError, match="no item column"):
        ItemTable.empty(5).values("colour")


@pytest.mark.parametrize(
    "offsets",
    [[1, 2], [0, 2, 1], [], [0.0, 1.0]],
)
def test_offsets_that_do_not_ascend_from_zero_fail(offsets: list[float]):
    with pytest.raises(ValueError, match="offsets"):
        dataclasses.replace(
            ItemTable.empty(1), offsets=np.array(offsets, None if 0.0 in offsets else np.int64)
        )


def test_a_column_of_another_length_fails():
    with pytest.raises(ValueError, match=r"items\.type"):
        dataclasses.replace(ItemTable.empty(2), offsets=np.array([0, 1, 1]))


def test_a_slice_outside_fails():
    with pytest.raises(ValueError, match="not a range"):
        ItemTable.empty(4).slice(2, 5)
