"""Makes states by hand for tests of the stand-in's packer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.state import schema
from manifests.state.items import ItemTable
from manifests.state.table import StateTable

if TYPE_CHECKING:
    from collections.abc import Callable

BATTLEFIELD = 31


def make_state(
    num_frames: int = 5,
    *,
    stage: int = BATTLEFIELD,
    ports: tuple[int, ...] = (0, 2),
    items: ItemTable | None = None,
    unrecorded: tuple[str, ...] = (),
    **given: object,
) -> StateTable:
    """A table whose columns are zero except for those given; `__` stands for the dot in a column's name."""
    declared = schema.table_columns(len(ports))
    columns = {name: np.zeros(num_frames, column.numpy_dtype) for name, column in declared.items()}
    columns["slp_frame"][:] = np.arange(num_frames) - 123
    for name, values in given.items():
        columns[name.replace("__", ".")][:] = values
    masks = {name: np.full(num_frames, name not in unrecorded) for name in columns}
    table = ItemTable.empty(num_frames) if items is None else items
    return StateTable(columns=columns, masks=masks, items=table, stage=stage, ports=ports)


@pytest.fixture
def state_of() -> Callable[..., StateTable]:
    return make_state
