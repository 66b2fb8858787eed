"""Join the state tables of consecutive chunks into the table of a whole game."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from manifests.state.items import ItemTable
from manifests.state.table import StateTable

if TYPE_CHECKING:
    from collections.abc import Sequence


def joined(parts: Sequence[StateTable]) -> StateTable:
    """Join one or more tables of one game, in order of frames, into the table from which they were cut.

    Raises:
        ValueError: there are no tables, they belong to several games, or frames are missing between them.
    """
    if len({(part.stage, part.ports) for part in parts}) != 1:
        message = "tables of one game are joined, at least one, and all with the same stage and ports"
        raise ValueError(message)
    if len(parts) == 1:
        return parts[0]
    names = parts[0].names()
    return StateTable(
        columns={name: np.concatenate([part.values(name) for part in parts]) for name in names},
        masks={name: np.concatenate([part.valid(name) for part in parts]) for name in names},
        items=_joined_items([part.items for part in parts]),
        stage=parts[0].stage,
        ports=parts[0].ports,
    )


def _joined_items(parts: Sequence[ItemTable]) -> ItemTable:
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    return ItemTable(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        columns={name: np.concatenate([part.values(name) for part in parts]) for name in parts[0].columns},
        recorded=frozenset[str]().union(*(part.recorded for part in parts)),
    )
