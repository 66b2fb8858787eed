"""Look up the values that side tables have for the frames of windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.side_tables.open import open_side_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from manifests.side_tables.contract import SideTable

    Rows = tuple[NDArray[Any], NDArray[np.bool_]]


class JoinedTables:
    """The side tables of one process, by the name of their values in samples; opened when first needed.

    Args:
        urls: path or URL of each table.
    """

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._tables: dict[str, SideTable] | None = None

    def open(self) -> Mapping[str, SideTable]:
        """Open all tables, unless they are open already.

        Raises:
            RecordRefused: there is no side table at one of the URLs.
            StoreFailed: a table cannot be read.
        """
        if self._tables is None:
            self._tables = {name: open_side_table(url) for name, url in self._urls.items()}
        return self._tables

    def names(self) -> dict[str, tuple[str, ...]]:
        """Name the places of each table's values, where they have names, such as a Parquet file's columns."""
        return {name: table.names for name, table in self.open().items() if table.names}

    def settle(self) -> None:
        """Prepare for use in a forked process, which shares the memory but needs connections of its own."""
        for table in (self._tables or {}).values():
            table.settle()

    def rows(self, game_id: str, slp_frames: NDArray[np.int64]) -> dict[str, Rows]:
        """Return values and validity for some frames of a game, by table name; see `SideTable.rows`."""
        return {name: table.rows(game_id, slp_frames) for name, table in self.open().items()}

    def batch(self, windows: Sequence[Mapping[str, Rows]]) -> dict[str, NDArray[Any]]:
        """Stack the values of windows to NAME [B, T, ...] and NAME_valid, [B, T] or of the values' shape."""
        found: dict[str, NDArray[Any]] = {}
        for name in self._urls:
            found[name] = np.stack([window[name][0] for window in windows])
            found[f"{name}_valid"] = np.stack([window[name][1] for window in windows])
        return found
