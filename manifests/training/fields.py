"""Pack the states that a training run asks for, frame by frame, so that a window of them is one small read.

A states file holds some 220 columns and takes milliseconds to open, and a run wants some of the columns a
million times. So each chunk's file is read once, whole and checked against its sha256, and what the run asks
for becomes rows of one fixed dtype. `manifests.training.cache` keeps these packed rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.state import schema
from manifests.state.derived import derive, derived_column, is_derived
from manifests.state.views import VIEWS, View, category_names, make_view, value_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from manifests.state.table import StateTable

PACKING_VERSION: Final = 1
"""Part of the cache's keys: packed rows of another version are never taken for these."""
VIDEO: Final = "video"
NUM_PLAYERS: Final = 2  # the farm renders games of two


@dataclass(frozen=True, slots=True)
class Fields:
    """Which parts of the state a run asks for.

    Attributes:
        names: views, by name ("state", "action") or key ("state/1"), and single columns ("p0.x",
            "d_loss_mask"), in order.

    Raises:
        ValueError: a name that is neither a view nor a column.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in self.names:
            if self.view_of(name) is None and not _is_column(name):
                views = sorted({view.name for view in VIEWS.values()})
                message = (
                    f"no field {name!r}; there are video, {', '.join(views)}, and the columns of farm schema"
                )
                raise ValueError(message)

    @staticmethod
    def view_of(name: str) -> View | None:
        """Find the view of a key ("state/1"), or the newest of a name ("state"); None if there is none."""
        if name in VIEWS:
            return VIEWS[name]
        versions = [view for view in VIEWS.values() if view.name == name]
        return max(versions, key=lambda view: view.version) if versions else None

    @property
    def key(self) -> str:
        """Text that differs between any two sets of fields, or versions of them; part of cache keys."""
        parts = [view.key if (view := self.view_of(name)) else name for name in self.names]
        return f"{PACKING_VERSION}:{','.join(parts)}"

    def columns_of(self) -> Mapping[str, tuple[str, ...]]:
        """Name the places of every array of a sample: {"state": (...), "state_ids": (...), ...}."""
        found: dict[str, tuple[str, ...]] = {}
        for name in self.names:
            if view := self.view_of(name):
                found[name] = value_names(view, NUM_PLAYERS)
                if ids := category_names(view, NUM_PLAYERS):
                    found[f"{name}_ids"] = ids
        return found

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of one packed row: for each field its values and `<field>_valid`."""
        parts: list[tuple[str, Any, tuple[int, ...]]] = [("slp_frame", np.int32, ())]
        columns = self.columns_of()
        for name in self.names:
            if name in columns:
                wide = [(name, np.float32), (f"{name}_ids", np.int64)]
                for part, dtype in wide:
                    if columns.get(part):
                        parts += [(part, dtype, (len(columns[part]),)),
                                  (f"{part}_valid", np.bool_, (len(columns[part]),))]  # fmt: skip
            else:
                parts += [(name, _widened(_dtype_of(name)), ()), (f"{name}_valid", np.bool_, ())]
        return np.dtype(parts)

    def pack(self, table: StateTable) -> NDArray[Any]:
        """Pack a table of T frames into rows, [T] of `dtype`.

        Raises:
            ValueError: the table is of another number of players.
        """
        if table.num_players != NUM_PLAYERS:
            message = f"packed rows are of games of {NUM_PLAYERS}, not of {table.num_players}"
            raise ValueError(message)
        rows = np.zeros(table.num_frames, self.dtype)
        rows["slp_frame"] = table.values("slp_frame")
        for name in self.names:
            if view := self.view_of(name):
                tensor = make_view(table, view)
                if tensor.names:
                    rows[name], rows[f"{name}_valid"] = tensor.values, tensor.valid
                for place, column in enumerate(tensor.categories):
                    rows[f"{name}_ids"][:, place] = tensor.categories[column]
                    rows[f"{name}_ids_valid"][:, place] = tensor.categories_valid[column]
            else:
                rows[name], rows[f"{name}_valid"] = _column(table, name)
        return rows


def _column(table: StateTable, name: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    if is_derived(name):
        return derive(table, name)
    return table.values(name), table.valid(name)


def _is_column(name: str) -> bool:
    return name in schema.table_columns(NUM_PLAYERS) or is_derived(name)


def _dtype_of(name: str) -> np.dtype[Any]:
    if is_derived(name):
        return np.dtype(derived_column(name).dtype)
    return schema.table_dtypes(NUM_PLAYERS)[name]


def _widened(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Make int64 of uint16 and uint32, on which torch has no arithmetic; other dtypes stay."""
    return np.dtype(np.int64) if dtype.kind == "u" and dtype.itemsize > 1 else dtype
