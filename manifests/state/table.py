"""The state of one game, or of a slice of it: one row per slp_frame, columns by name.

Absent is not zero. A column that the replay's version did not record is null in every row, and an entity
without an event in a frame is null in that row. `valid` marks the rows that are not null; where a column is
null, `values` are zero, which means nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.state import schema
from manifests.state.matrices import ColumnMatrices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from manifests.state.items import ItemTable

    Values = NDArray[Any]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class StateTable:
    """T consecutive frames of one game; T is at least 1. Every array is read-only.

    Attributes:
        columns: Values [T] of every column of `schema.table_columns(len(ports))`, in the schema's dtypes.
        masks: For each column, bool [T], True where the value was recorded.
        items: The items of the same frames.
        stage: External stage id, as the game record has it.
        ports: 0-based ports of p0, p1, ... in ascending order.

    Raises:
        ValueError: A column is missing, unknown, or of another length or dtype, ports do not ascend, or
            slp_frame is not consecutive.
    """

    columns: Mapping[str, Values] = field(repr=False)
    masks: Mapping[str, Mask] = field(repr=False)
    items: ItemTable = field(repr=False)
    stage: int
    ports: tuple[int, ...]

    def __post_init__(self) -> None:
        declared = schema.table_dtypes(len(self.ports))
        if list(self.ports) != sorted(set(self.ports)):
            msg = f"ports are {self.ports}; they must ascend"
            raise ValueError(msg)
        if self.columns.keys() != declared.keys() or self.masks.keys() != declared.keys():
            odd = sorted((self.columns.keys() ^ declared.keys()) | (self.masks.keys() ^ declared.keys()))
            msg = f"not the schema's columns for {len(self.ports)} players; missing or unknown: {odd[:5]}"
            raise ValueError(msg)
        self._check_arrays(declared)
        frames = self.columns["slp_frame"]
        if not frames.size or not (np.diff(frames) == 1).all():
            msg = f"slp_frame of {frames.size} rows is not consecutive; a table has a row and no holes"
            raise ValueError(msg)

    def _check_arrays(self, declared: Mapping[str, np.dtype[Any]]) -> None:
        shape = (self.items.num_frames,)
        # The loader's case: the matrices were checked when they were made, so hundreds of columns need no
        # check.
        if isinstance(self.columns, ColumnMatrices) and isinstance(self.masks, ColumnMatrices):
            are_declared = self.columns.layout.dtypes == declared
            if not are_declared or {self.columns.num_frames, self.masks.num_frames} != {self.num_frames}:
                msg = f"matrices of {self.columns.num_frames} frames do not hold the schema's columns {shape}"
                raise ValueError(msg)
            return
        for name, dtype in declared.items():
            values, mask = self.columns[name], self.masks[name]
            if (
                values.dtype != dtype
                or values.shape != shape
                or mask.shape != shape
                or mask.dtype != np.bool_
            ):
                msg = f"{name}: {values.dtype} {values.shape}, mask {mask.shape}; want {dtype} {shape}"
                raise ValueError(msg)
            values.setflags(write=False)
            mask.setflags(write=False)

    @property
    def num_frames(self) -> int:
        """Number of rows, T."""
        return self.items.num_frames

    @property
    def first_slp_frame(self) -> int:
        """The slp_frame of row 0."""
        return int(self.columns["slp_frame"][0])

    @property
    def exclusive_end_slp_frame(self) -> int:
        """One past the slp_frame of the last row."""
        return self.first_slp_frame + self.num_frames

    @property
    def num_players(self) -> int:
        """Number of players; followers are not counted."""
        return len(self.ports)

    def names(self) -> tuple[str, ...]:
        """List the names of all columns, in the schema's order."""
        return tuple(schema.table_columns(self.num_players))

    def values(self, name: str) -> Values:
        """Return a column [T] in its dtype, read-only; where it is not valid it is zero, which means nothing.

        Raises:
            KeyError: The schema has no such column for this number of players.
        """
        return self.columns[self._known(name)]

    def valid(self, name: str) -> Mask:
        """Return where a column was recorded, bool [T], read-only.

        Raises:
            KeyError: The schema has no such column for this number of players.
        """
        return self.masks[self._known(name)]

    def _known(self, name: str) -> str:
        if name not in self.columns:
            msg = f"no column {name!r} in a state of {self.num_players} players; `farm schema` lists them"
            raise KeyError(msg)
        return name

    def slice(self, start: int, exclusive_end: int) -> StateTable:
        """Return rows [start, exclusive_end), sharing memory.

        Raises:
            ValueError: The range is empty or not within the table.
        """
        if not 0 <= start < exclusive_end <= self.num_frames:
            msg = f"rows [{start}, {exclusive_end}) are not a range within {self.num_frames} rows"
            raise ValueError(msg)
        rows = slice(start, exclusive_end)
        return StateTable(
            columns=_rows(self.columns, rows),
            masks=_rows(self.masks, rows),
            items=self.items.slice(start, exclusive_end),
            stage=self.stage,
            ports=self.ports,
        )

    @cached_property
    def sha256(self) -> str:
        """Return the state's canonical hash, in hexadecimal: the same on any machine, from any file layout.

        The hash covers the schema version, stage, ports and length as JSON; then each column in the schema's
        order, as its name, its dtype, its mask packed to bits and its little-endian values; then the items in
        the same way. For a column that is null throughout, only the name is hashed.
        """
        digest = hashlib.sha256()
        header = [schema.SCHEMA_VERSION, self.stage, list(self.ports), self.num_frames]
        digest.update(json.dumps(header).encode())
        for name in self.names():
            digest.update(f"\n{name}\n".encode())
            values, mask = self.columns[name], self.masks[name]
            if mask.any():
                digest.update(values.dtype.str.encode())
                digest.update(np.packbits(mask).data)
                digest.update(np.ascontiguousarray(values).data)
        self.items.update_digest(digest)
        return digest.hexdigest()


def _rows(columns: Mapping[str, Values], rows: slice) -> Mapping[str, Values]:
    if isinstance(columns, ColumnMatrices):
        return columns.rows(rows)
    return {name: values[rows] for name, values in columns.items()}
