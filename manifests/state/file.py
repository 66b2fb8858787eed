"""Write and read states files: one Parquet file per chunk, laid out so that a window of it is cheap to read.

The obvious layout, one Parquet column per schema column, is slow to open. These figures were measured on real
games (3,600-row chunks, pyarrow 26, means over six replays; "window" is the processor time to open the file
and read 60 frames of all 221 columns, least of many rounds on a machine busy with other work):

    layout                                        MB per 9,400 frames    window
    a column per schema column, 600-row groups           0.91            7.5 ms
    a column per schema column, one row group            0.56            9.1 ms
    a vector per dtype, 600-row groups                   0.47            2.4 ms
    a vector per dtype, 300-row groups                   0.49            1.7 ms
    the same without Arrow's copy of the schema          0.47            1.4 ms    <- this one

So columns of one dtype are side by side in one vector column: `float32`, `uint8` and so on. Columns of
followers (Nana), which are null in most games, are in `followers_float32` and so on, and items are in two
ragged lists, `items_float32` and `items_int64`. A frame's vector has the same length and order in every file
with the same number of players, so SQL can name its places once for a whole dataset: `manifests.state.sql`
writes that view. The order is in the file's metadata, too. Values that were not recorded are nulls within the
vector.

Equal tables give equal bytes under the same version of pyarrow, which is written into every Parquet file.
"""

from __future__ import annotations

import io
import json
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.parquet_bounds import check_bounds
from manifests.state import schema
from manifests.state.arrow import described, metadata_of
from manifests.state.items import ItemTable
from manifests.state.matrices import ColumnMatrices, Layout, Place
from manifests.state.table import StateTable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

ROWS_PER_GROUP = 300  # ten GOPs
_LAYOUT_KEY = b"dolphin_farm.vectors"
_FRAME, _OF_FOLLOWERS, _ALWAYS = "slp_frame", "followers_", "always"
_ITEM_DTYPES = {column.name: column.numpy_dtype for column in schema.ITEM_COLUMNS}


@cache
def vector_columns(num_players: int) -> Mapping[str, tuple[str, ...]]:
    """Name the schema columns in each vector column, in order; bools are stored in the uint8 vector."""
    vectors: dict[str, list[str]] = {}
    for name, column in schema.table_columns(num_players).items():
        if name != _FRAME:
            is_follower = "." in name and name.split(".")[0].endswith("n")
            dtype = "uint8" if column.dtype == "bool" else column.dtype
            vectors.setdefault(f"{_OF_FOLLOWERS}{dtype}" if is_follower else dtype, []).append(name)
    return {vector: tuple(names) for vector, names in vectors.items()}


@cache
def item_vector_columns() -> Mapping[str, tuple[str, ...]]:
    """Name the item columns in each ragged vector column; a row's list holds its items in sequence."""
    is_float = {column.name: np.dtype(column.dtype).kind == "f" for column in schema.ITEM_COLUMNS}
    return {
        "items_float32": tuple(name for name, yes in is_float.items() if yes),
        "items_int64": tuple(name for name, yes in is_float.items() if not yes),
    }


def write_states(table: StateTable, path: Path | BinaryIO) -> None:
    """Write a state table as one states file.

    Raises:
        OSError: The file cannot be written.
    """
    arrays = {_FRAME: pa.array(table.values(_FRAME))}
    has_follower = _has_follower(table)
    for vector, names in vector_columns(table.num_players).items():
        # In a game without a follower, the followers' vectors would be null in every row, so they are left
        # out.
        if has_follower or not vector.startswith(_OF_FOLLOWERS):
            arrays[vector] = _to_vectors(table, names)
    for vector, names in item_vector_columns().items():
        arrays[vector] = _items_to_vectors(table.items, vector, names)
    layout = {**vector_columns(table.num_players), **item_vector_columns()}
    rows = pa.table(arrays)
    # Arrow's own copy of the schema would take a twentieth of the file, and adds no information.
    with pq.ParquetWriter(
        path,
        rows.schema,
        compression="zstd",
        compression_level=9,
        use_dictionary=False,
        write_statistics=[_FRAME],
        store_schema=False,
    ) as writer:
        writer.write_table(rows, row_group_size=ROWS_PER_GROUP)
        writer.add_key_value_metadata({**metadata_of(table), _LAYOUT_KEY: json.dumps(layout)})


def states_bytes(table: StateTable) -> bytes:
    """Make the bytes of a states file."""
    buffer = io.BytesIO()
    write_states(table, buffer)
    return buffer.getvalue()


def read_states(
    source: Path | str | BinaryIO | bytes, start: int = 0, exclusive_end: int | None = None
) -> StateTable:
    """Read rows [start, exclusive_end) of a states file; all rows by default.

    Only the row groups that hold these rows are read.

    Raises:
        ValueError: The file is not a states file of this schema, or the range is not within it.
        OSError: The file cannot be read.
    """
    try:
        return _read(source, start, exclusive_end)
    except (AttributeError, IndexError, KeyError, NotImplementedError, TypeError) as error:
        # Raised for files whose columns are not as we write them; `described` and Arrow raise other errors.
        msg = f"not a states file of this schema: {error!s:.100}"
        raise ValueError(msg) from error


def _read(source: Path | str | BinaryIO | bytes, start: int, exclusive_end: int | None) -> StateTable:
    opened = pa.BufferReader(source) if isinstance(source, bytes) else source
    # Reading with threads can abort the interpreter at its exit; for a window one thread is faster anyway.
    with pq.ParquetFile(opened, pre_buffer=False) as file:
        footer = file.metadata
        check_bounds(footer)
        num_rows = footer.num_rows
        exclusive_end = num_rows if exclusive_end is None else exclusive_end
        if not 0 <= start < exclusive_end <= num_rows:
            msg = f"rows [{start}, {exclusive_end}) are not a range within the {num_rows} rows of the file"
            raise ValueError(msg)
        first, last = start // ROWS_PER_GROUP, (exclusive_end - 1) // ROWS_PER_GROUP
        rows = file.read_row_groups(range(first, last + 1), use_threads=False)
    rows = rows.slice(start - first * ROWS_PER_GROUP, exclusive_end - start)
    return _to_table(rows, footer.metadata)


def _has_follower(table: StateTable) -> bool:
    """Whether any follower is recorded in the table, beyond the statement that there is none."""
    vectors = vector_columns(table.num_players).items()
    of_followers = [name for vector, names in vectors if vector.startswith(_OF_FOLLOWERS) for name in names]
    return any(
        table.values(name).any() if table.values(name).dtype == np.bool_ else table.valid(name).any()
        for name in of_followers
    )


def _to_vectors(table: StateTable, names: tuple[str, ...]) -> pa.Array:
    values = np.stack([table.values(name) for name in names], axis=1)
    masks = np.stack([table.valid(name) for name in names], axis=1)
    child = pa.array(_as_bytes(values).reshape(-1), mask=None if masks.all() else ~masks.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(child, len(names))


def _as_bytes(values: NDArray[Any]) -> NDArray[Any]:
    return values.view("u1") if values.dtype == np.bool_ else values


def _items_to_vectors(items: ItemTable, vector: str, names: tuple[str, ...]) -> pa.Array:
    dtype = np.float32 if vector == "items_float32" else np.int64
    values = np.stack([items.values(name).astype(dtype) for name in names], axis=1)
    offsets = (items.offsets * len(names)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))


def _to_table(rows: pa.Table, metadata: dict[bytes, bytes] | None) -> StateTable:
    stage, ports, recorded = described(metadata)
    num_frames = rows.num_rows
    present = set(rows.column_names)
    values: dict[str, NDArray[Any]] = {_FRAME: _column(rows, _FRAME).to_numpy()[None]}
    masks: dict[str, NDArray[Any]] = {_ALWAYS: np.ones((1, num_frames), bool)}
    for vector, names in vector_columns(len(ports)).items():
        if vector in present:
            values[vector], masks[vector] = _from_vectors(_column(rows, vector), len(names))
        else:
            dtype = np.dtype(vector.removeprefix(_OF_FOLLOWERS))
            values[vector] = np.zeros((len(names), num_frames), dtype)
            masks[vector] = np.zeros((len(names), num_frames), bool)
    return StateTable(
        columns=ColumnMatrices(value_layout(len(ports)), values),
        masks=ColumnMatrices(mask_layout(len(ports)), masks),
        items=_items_from_vectors(rows, recorded),
        stage=stage,
        ports=ports,
    )


@cache
def value_layout(num_players: int) -> Layout:
    """Return the layout of values: which row of which vector's matrix each column is."""
    dtypes = schema.table_dtypes(num_players)
    places = {_FRAME: Place(_FRAME, 0, dtypes[_FRAME])}
    for vector, names in vector_columns(num_players).items():
        places |= {name: Place(vector, row, dtypes[name]) for row, name in enumerate(names)}
    return Layout({name: places[name] for name in dtypes})


@cache
def mask_layout(num_players: int) -> Layout:
    """Return the layout of masks: the row of a mask for each column; bools and slp_frame are never null."""
    bool_ = np.dtype(np.bool_)
    return Layout(
        {
            name: Place(_ALWAYS, 0, bool_)
            if place.dtype == bool_ or name == _FRAME
            else Place(place.matrix, place.row, bool_)
            for name, place in value_layout(num_players).places.items()
        }
    )


def _column(rows: pa.Table, name: str) -> pa.Array:
    chunked = rows.column(name)
    return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()


def _from_vectors(array: pa.Array, width: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return values and validity of a vector column, each [width, T]."""
    child = array.flatten()
    if child.null_count == 0:
        values = np.ascontiguousarray(child.to_numpy().reshape(-1, width).T)
        return values, np.ones(values.shape, bool)
    is_valid = child.is_valid().to_numpy(zero_copy_only=False).reshape(-1, width)
    # Arrow's `to_numpy` would turn integers with nulls into floats, so the values' buffer is read directly.
    raw = np.frombuffer(child.buffers()[1], child.type.to_pandas_dtype())
    values = raw[child.offset : child.offset + len(child)].reshape(-1, width)
    return np.where(is_valid.T, values.T, np.zeros((), values.dtype)), np.ascontiguousarray(is_valid.T)


def _items_from_vectors(rows: pa.Table, recorded: frozenset[str]) -> ItemTable:
    columns: dict[str, NDArray[Any]] = {}
    for vector, names in item_vector_columns().items():
        lists = _column(rows, vector)
        values = lists.flatten().to_numpy().reshape(-1, len(names))
        columns.update(
            {name: values[:, place].astype(_ITEM_DTYPES[name]) for place, name in enumerate(names)}
        )
    offsets = lists.offsets.to_numpy().astype(np.int64) // len(names)
    return ItemTable(offsets=offsets - offsets[0], columns=columns, recorded=recorded)
