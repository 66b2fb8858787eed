"""The table of items and projectiles of consecutive frames: separate, as a frame has any number of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.state.schema import ITEM_COLUMNS

if TYPE_CHECKING:
    import hashlib
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ItemTable:
    """The items of T frames, in the recorded order. Every array is read-only.

    Attributes:
        offsets: int64 [T + 1] from 0 on; the items of frame_index t are rows [offsets[t], offsets[t + 1]).
        columns: Values [N] of every column of `schema.ITEM_COLUMNS`.
        recorded: Names of the columns that the replay's version recorded; the others are zero and mean
            nothing.

    Raises:
        ValueError: Offsets do not ascend from 0 to N, or a column is missing or has another length or dtype.
    """

    offsets: NDArray[np.int64] = field(repr=False)
    columns: Mapping[str, Values] = field(repr=False)
    recorded: frozenset[str] = field(repr=False)

    def __post_init__(self) -> None:
        declared = {column.name: column.numpy_dtype for column in ITEM_COLUMNS}
        if self.columns.keys() != declared.keys() or not self.recorded <= declared.keys():
            msg = f"item columns {sorted(self.columns)} are not the schema's {sorted(declared)}"
            raise ValueError(msg)
        ascends = (
            self.offsets.ndim == 1 and self.offsets.size > 0 and bool((np.diff(self.offsets) >= 0).all())
        )
        if self.offsets.dtype != np.int64 or not ascends or self.offsets[0] != 0:
            msg = f"item offsets must be int64 and ascend from 0; got {self.offsets.dtype}"
            raise ValueError(msg)
        for name, values in self.columns.items():
            if values.dtype != declared[name] or values.shape != (self.num_rows,):
                msg = f"items.{name}: {values.dtype} {values.shape}; want {declared[name]} ({self.num_rows},)"
                raise ValueError(msg)
            values.flags.writeable = False
        self.offsets.flags.writeable = False

    @property
    def valid(self) -> bool:
        """False if the replay's version records no items at all, so that no frame's items are known."""
        return bool(self.recorded)

    @property
    def num_frames(self) -> int:
        """Number of frames, T."""
        return len(self.offsets) - 1

    @property
    def num_rows(self) -> int:
        """Number of item rows of all frames together, N."""
        return int(self.offsets[-1])

    def values(self, name: str) -> Values:
        """Return a column [N], read-only.

        Raises:
            KeyError: The schema has no such item column.
        """
        if name not in self.columns:
            msg = f"no item column {name!r}; there are {', '.join(self.columns)}"
            raise KeyError(msg)
        return self.columns[name]

    def is_recorded(self, name: str) -> bool:
        """Whether the replay's version recorded this column."""
        return name in self.recorded

    def frame_index(self) -> NDArray[np.int64]:
        """Return the frame_index that each row belongs to, int64 [N]."""
        return np.repeat(np.arange(self.num_frames), np.diff(self.offsets))

    def slice(self, start: int, exclusive_end: int) -> ItemTable:
        """Return the items of frames [start, exclusive_end), sharing memory.

        Raises:
            ValueError: [start, exclusive_end) is not a range within the frames.
        """
        if not 0 <= start <= exclusive_end <= self.num_frames:
            msg = f"frames [{start}, {exclusive_end}) are not a range within {self.num_frames} frames"
            raise ValueError(msg)
        first, end = int(self.offsets[start]), int(self.offsets[exclusive_end])
        return ItemTable(
            offsets=self.offsets[start : exclusive_end + 1] - first,
            columns={name: values[first:end] for name, values in self.columns.items()},
            recorded=self.recorded,
        )

    def update_digest(self, digest: hashlib._Hash) -> None:
        """Feed the canonical bytes of this table to a hash."""
        if not self.valid:
            return
        digest.update(b"\nitems\n")
        digest.update(self.offsets.astype("<i8").data)
        for column in ITEM_COLUMNS:
            digest.update(f"\n{column.name}\n".encode())
            if column.name in self.recorded:
                values = self.columns[column.name]
                digest.update(np.ascontiguousarray(values).data)

    @classmethod
    def empty(cls, num_frames: int, recorded: frozenset[str] = frozenset()) -> ItemTable:
        """Make a table without items; if `recorded` is empty too, items are unknown rather than absent."""
        columns = {column.name: np.zeros(0, column.numpy_dtype) for column in ITEM_COLUMNS}
        return cls(offsets=np.zeros(num_frames + 1, np.int64), columns=columns, recorded=recorded)
