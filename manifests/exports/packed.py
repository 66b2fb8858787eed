"""Write packed states as plain .npy shards with an index, for readers that have only NumPy.

    index.json        where each column is in a row, the shards with their sha256, the games and their splits
    chunks.npy        int64 [C, 6]: game, file_number, slp_frame_start, num_frames, shard, first_row
    rows-00000.npy    uint8 [n, row_bytes]: a row per frame, in native widths
    patterns-00000.npy  bool [P, columns]: which columns are valid in a row whose code names the pattern

The rows are those that the loader itself maps; `manifests.training.row_layout` shows the layout of a row.
"""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from manifests.store.contract import Store
    from manifests.training.dataset import WindowDataset
    from manifests.training.row_layout import RowLayout, StoredColumn

FORMAT: Final = "dolphin-farm packed states"
VERSION: Final = 1
CHUNK_COLUMNS: Final = ("game", "file_number", "slp_frame_start", "num_frames", "shard", "first_row")


def write_packed(
    dataset: WindowDataset, out: Store, on_shard: Callable[[int], object] = lambda _: None
) -> int:
    """Write the packed states of a dataset's games, a shard at a time; return the number of frames.

    Args:
        dataset: the dataset, opened with the wanted fields; its windows do not matter.
        out: the store to write the files to; index.json is written last.
        on_shard: function that is called with the number of shards written so far.

    Raises:
        StoreFailed: a shard cannot be put, or a states file cannot be read.
        RecordRefused: a states file is not the one that the manifest names.
    """
    states, footage = dataset.reader.states, dataset.footage
    shards, described = states.shards.shards, []
    for shard in range(shards.num_rows.size):
        packed = states.pack_shard(shard)
        files = {f"rows-{shard:05d}.npy": packed.rows, f"patterns-{shard:05d}.npy": packed.patterns}
        described.append({name: _put(out, name, array) for name, array in files.items()})
        on_shard(shard + 1)
    columns = [footage.grid.game, footage.file_number, footage.slp_frame_start, footage.grid.num_frames,
               shards.of_chunk, shards.first_row]  # fmt: skip
    index = {
        "format": FORMAT,
        "version": VERSION,
        "dataset_sha256": footage.sha256,
        "fields": list(dataset.reader.fields.names),
        **describe_layout(states.layout),
        "shards": described,
        "chunks": {
            "chunks.npy": _put(out, "chunks.npy", np.stack(columns, axis=1)),
            "columns": CHUNK_COLUMNS,
        },
        "games": footage.games["game_id"].to_pylist(),
        "splits": footage.games["split"].to_pylist(),
    }
    out.put("index.json", json.dumps(index, indent=1).encode())
    return int(footage.grid.num_frames.sum())


def describe_layout(layout: RowLayout) -> dict[str, Any]:
    """Describe the layout of a row, ready for JSON, with columns in the order of a pattern's places."""
    return {
        "row_bytes": layout.row_bytes,
        "code_byte": layout.code_byte,
        "columns": [_describe_column(column) for column in layout.columns],
    }


def _describe_column(column: StoredColumn) -> dict[str, Any]:
    place = {"byte": column.byte, "bit": column.bit, "is_shared": column.is_shared}
    return {"name": column.name, "dtype": column.dtype.str, **place}


def _put(out: Store, name: str, array: NDArray[Any]) -> str:
    buffer = io.BytesIO()
    np.save(buffer, array)
    data = buffer.getvalue()
    out.put(name, data)
    return hashlib.sha256(data).hexdigest()
