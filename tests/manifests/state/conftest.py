"""Makes states of random values: all columns, some null throughout, followers that come and go, items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from manifests.state import schema
from manifests.state.items import ItemTable
from manifests.state.table import StateTable

MakeState = Callable[..., StateTable]
NEVER_NULL = {"slp_frame", "n_written", "finalized"}


def random_values(rng: np.random.Generator, dtype: np.dtype[Any], length: int) -> np.ndarray[Any, Any]:
    if dtype == np.bool_:
        return rng.random(length) < 0.5
    if dtype.kind == "f":
        return rng.normal(0, 100, length).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, length, dtype, endpoint=True)


def random_items(rng: np.random.Generator, num_frames: int, recorded: set[str]) -> ItemTable:
    if not recorded:
        return ItemTable.empty(num_frames)
    counts = rng.integers(0, schema.MAX_ITEMS + 1, num_frames) * (rng.random(num_frames) < 0.3)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    columns = {}
    for column in schema.ITEM_COLUMNS:
        values = random_values(rng, column.numpy_dtype, int(offsets[-1]))
        columns[column.name] = values if column.name in recorded else np.zeros_like(values)
    return ItemTable(offsets, columns, frozenset(recorded))


@pytest.fixture(scope="session")
def make_state() -> MakeState:
    def make(
        num_frames: int = 100, num_players: int = 2, seed: int = 0, first: int = -123, with_items: bool = True
    ) -> StateTable:
        rng = np.random.default_rng(seed)
        columns, masks = {}, {}
        for name, column in schema.table_columns(num_players).items():
            values = random_values(rng, column.numpy_dtype, num_frames)
            mask = np.ones(num_frames, bool)
            if name not in NEVER_NULL and not name.endswith(".present"):
                mask = rng.random(num_frames) < rng.choice([0.0, 0.5, 1.0])
            columns[name] = np.where(mask, values, np.zeros((), values.dtype))
            masks[name] = mask
        columns["slp_frame"] = np.arange(first, first + num_frames, dtype=np.int32)
        recorded = (
            {column.name for column in schema.ITEM_COLUMNS if rng.random() < 0.7} if with_items else set()
        )
        items = random_items(rng, num_frames, recorded)
        return StateTable(columns, masks, items, stage=31, ports=tuple(range(num_players)))

    return make
