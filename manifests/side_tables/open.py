"""Open the side table at a path or URL, whether it is one of ours, a Parquet file or an .npy file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.errors import RecordRefused
from manifests.side_tables.contract import TABLE_KEY
from manifests.side_tables.keyed import read_npy, read_parquet
from manifests.side_tables.sharded import ShardedTable
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.side_tables.contract import SideTable


def open_side_table(url: str | Path) -> SideTable:
    """Open a side table at a path or URL.

    Args:
        url: a folder or URL that `SideTableWriter` wrote; a .parquet or .npy file; or a folder of .parquet
            files. `manifests.side_tables.keyed` says which columns files have.

    Raises:
        RecordRefused: there is no side table at `url`.
        StoreFailed: the table cannot be read.
    """
    text = str(url)
    if text.endswith((".parquet", ".npy")):
        folder, _, name = text.rpartition("/")
        data = open_store(folder or ".").get(name)
        return read_npy(data, text) if name.endswith(".npy") else read_parquet([data], text)
    store = open_store(url)
    if store.head(TABLE_KEY) is not None:
        return ShardedTable(store)
    keys = [info.key for info in store.list() if info.key.endswith(".parquet")]
    if not keys:
        message = f"{text}: no side table; there is neither {TABLE_KEY} nor a .parquet file"
        raise RecordRefused(message)
    return read_parquet([store.get(key) for key in keys], text)
