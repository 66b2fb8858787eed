"""Look up what side tables have of the frames of windows."""

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
    """The side tables of one process, by the name that their values have in samples; opened when first asked.

    Args:
        urls: where each one is.
    """

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._tables: dict[str, SideTable] | None = None

    def open(self) -> Mapping[str, SideTable]:
        """Open all tables, unless that was done.

        Raises:
            RecordRefused: there is no side table at one of the places.
            StoreFailed: one cannot be read.
        """
        if self._tables is None:
            self._tables = {name: open_side_table(url) for name, url in self._urls.items()}
        return self._tables

    def names(self) -> dict[str, tuple[str, ...]]:
        """Name the places of those whose places have names, such as columns of a Parquet file."""
        return {name: table.names for name, table in self.open().items() if table.names}

    def settle(self) -> None:
        """Go on in a process that was forked: what is in memory is shared, connections are not."""
        for table in (self._tables or {}).values():
            table.settle()

    def rows(self, game_id: str, slp_frames: NDArray[np.int64]) -> dict[str, Rows]:
        """Give values and validity of some frames of a game, by name; as `SideTable.rows`."""
        return {name: table.rows(game_id, slp_frames) for name, table in self.open().items()}

    def batch(self, windows: Sequence[Mapping[str, Rows]]) -> dict[str, NDArray[Any]]:
        """Stack what windows have, to NAME [B, T, ...] and NAME_valid [B, T], or of the values' shape."""
        found: dict[str, NDArray[Any]] = {}
        for name in self._urls:
            found[name] = np.stack([window[name][0] for window in windows])
            found[f"{name}_valid"] = np.stack([window[name][1] for window in windows])
        return found
