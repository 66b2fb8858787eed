"""Read a side table that `SideTableWriter` wrote: one shard per chunk, of which ranges of rows are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.side_tables.contract import SHARD_PREFIX, TABLE_KEY, Span, TableDescription, header_bytes
from manifests.store.open import open_store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.store.contract import Store


class ShardedTable:
    """A side table that is stored as shards; opening it reads only their names.

    Args:
        store: the store that holds the table.

    Raises:
        RecordRefused: there is no such table.
        StoreFailed: the store cannot be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        description = TableDescription.from_json(store.get(TABLE_KEY), f"{store.url}/{TABLE_KEY}")
        self._dtype = np.dtype(description.dtype).newbyteorder("<")
        self._row_shape = description.row_shape
        self._spans: dict[str, list[Span]] = {}
        for info in store.list(SHARD_PREFIX):
            if (span := Span.parse(info.key)) is not None:
                self._spans.setdefault(span.game_id, []).append(span)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the values."""
        return self._dtype

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one frame's values."""
        return self._row_shape

    @property
    def names(self) -> tuple[str, ...]:
        """Empty: the places of these rows have no names."""
        return ()

    def settle(self) -> None:
        """Open the store again; as `SideTable.settle`."""
        self._store = open_store(self._store.url)

    def rows(self, game_id: str, slp_frames: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Look up the values of some frames of a game; as `SideTable.rows`."""
        values = np.zeros((slp_frames.size, *self._row_shape), self._dtype)
        found = np.zeros(slp_frames.size, bool)
        for span in self._spans.get(game_id, ()):
            places, beside = np.divmod(slp_frames - span.slp_frame_start, span.frame_step)
            ours = (places >= 0) & (places < span.num_frames) & (beside == 0)
            if ours.any():
                values[ours] = self._read(span, places[ours])
                found |= ours
        return values, found

    def _read(self, span: Span, places: NDArray[np.int64]) -> NDArray[Any]:
        """Read the rows of a shard from the first wanted row to the last, in one request."""
        first, exclusive_end = int(places.min()), int(places.max()) + 1
        row_bytes = self._dtype.itemsize * int(np.prod(self._row_shape, dtype=np.int64))
        front = header_bytes(self._dtype, (span.num_frames, *self._row_shape))
        data = self._store.get_range(span.key, front + first * row_bytes, front + exclusive_end * row_bytes)
        rows = np.frombuffer(data, self._dtype).reshape(-1, *self._row_shape)
        taken: NDArray[Any] = rows[places - first]
        return taken
