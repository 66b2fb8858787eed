"""The states file: one Parquet file per chunk, laid out so that a window of it is cheap to read.

A column per schema column would be the obvious layout; it is not the one here. Measured on real games
(3,600-row chunks, pyarrow 26, means over six replays; "window" = processor time to open the file and read 60
frames of all 221 columns, least of many rounds on a machine busy with other work):

    layout                                        MB per 9,400 frames    window
    a column per schema column, 600-row groups           0.91            7.5 ms
    a column per schema column, one row group            0.56            9.1 ms
    a vector per dtype, 600-row groups                   0.47            2.4 ms
    a vector per dtype, 300-row groups                   0.49            1.7 ms    <- this one

So columns of one dtype lie side by side in one vector column: `float32`, `uint8`, ...; those of followers
(Nana), null in most games, in `followers_float32`, ...; those of items in two ragged lists, `items_float32`
and `items_int64`. A frame's vector has the same length and order in every file with as many players, so SQL
can name its places once for a whole dataset: `manifests.states_sql` writes that view. The order is in the
file's metadata, too. Values that were not recorded are nulls within the vector.

The bytes are a function of the table (and of pyarrow's version, which Parquet files name).
"""

from __future__ import annotations

import io
import json
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests import schema
from manifests.item_table import ItemTable
from manifests.state_arrow import described, metadata_of
from manifests.state_table import StateTable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

ROWS_PER_GROUP = 300  # ten GOPs
_LAYOUT_KEY = b"dolphin_farm.vectors"
_FRAME = "slp_frame"
_ITEM_DTYPES = {column.name: column.numpy_dtype for column in schema.ITEM_COLUMNS}


@cache
def vector_columns(num_players: int) -> Mapping[str, tuple[str, ...]]:
    """Names of the schema columns in each vector column, in order; a bool lies among the uint8."""
    vectors: dict[str, list[str]] = {}
    for name, column in schema.table_columns(num_players).items():
        if name != _FRAME:
            is_follower = "." in name and name.split(".")[0].endswith("n")
            dtype = "uint8" if column.dtype == "bool" else column.dtype
            vectors.setdefault(f"followers_{dtype}" if is_follower else dtype, []).append(name)
    return {vector: tuple(names) for vector, names in vectors.items()}


@cache
def item_vector_columns() -> Mapping[str, tuple[str, ...]]:
    """Names of the item columns in each ragged vector column; a row's list holds item after item."""
    is_float = {column.name: np.dtype(column.dtype).kind == "f" for column in schema.ITEM_COLUMNS}
    return {
        "items_float32": tuple(name for name, yes in is_float.items() if yes),
        "items_int64": tuple(name for name, yes in is_float.items() if not yes),
    }


def write_states(table: StateTable, path: Path | BinaryIO) -> None:
    """Write the table as one states file.

    Raises:
        OSError: If the file cannot be written.
    """
    arrays = {_FRAME: pa.array(table.values(_FRAME))}
    for vector, names in vector_columns(table.num_players).items():
        # A game without a follower has no vectors of one: they would be null from end to end.
        if any(table.valid(name).any() and table.values(name).any() for name in names):
            arrays[vector] = _to_vectors(table, names)
    for vector, names in item_vector_columns().items():
        arrays[vector] = _items_to_vectors(table.items, vector, names)
    layout = {**vector_columns(table.num_players), **item_vector_columns()}
    metadata = {**metadata_of(table), _LAYOUT_KEY: json.dumps(layout).encode()}
    pq.write_table(
        pa.table(arrays).replace_schema_metadata(metadata),
        path,
        row_group_size=ROWS_PER_GROUP,
        compression="zstd",
        compression_level=9,
        use_dictionary=False,
        write_statistics=[_FRAME],
    )


def states_bytes(table: StateTable) -> bytes:
    """The states file as bytes."""
    buffer = io.BytesIO()
    write_states(table, buffer)
    return buffer.getvalue()


def read_states(
    source: Path | str | BinaryIO | bytes, start: int = 0, exclusive_end: int | None = None
) -> StateTable:
    """Read rows [start, exclusive_end) of a states file; the whole of it by default.

    Only the row groups that hold them are read.

    Raises:
        ValueError: If the file is no states file of this schema, or the range is not within it.
        OSError: If it cannot be read.
    """
    opened = pa.BufferReader(source) if isinstance(source, bytes) else source
    # Reading with threads can abort the interpreter when it exits; for a window one thread is faster anyway.
    with pq.ParquetFile(opened) as file:
        num_rows = file.metadata.num_rows
        exclusive_end = num_rows if exclusive_end is None else exclusive_end
        if not 0 <= start < exclusive_end <= num_rows:
            msg = f"rows [{start}, {exclusive_end}) are not a range within the {num_rows} rows of the file"
            raise ValueError(msg)
        first, last = start // ROWS_PER_GROUP, (exclusive_end - 1) // ROWS_PER_GROUP
        rows = file.read_row_groups(range(first, last + 1), use_threads=False)
    rows = rows.slice(start - first * ROWS_PER_GROUP, exclusive_end - start)
    return _to_table(rows)


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


def _to_table(rows: pa.Table) -> StateTable:
    stage, ports, recorded = described(rows.schema.metadata)
    declared = schema.table_dtypes(len(ports))
    present = set(rows.column_names)
    everywhere, nowhere = np.ones(rows.num_rows, bool), np.zeros(rows.num_rows, bool)
    columns: dict[str, NDArray[Any]] = {_FRAME: _column(rows, _FRAME).to_numpy()}
    masks: dict[str, NDArray[np.bool_]] = {_FRAME: everywhere}
    for vector, names in vector_columns(len(ports)).items():
        if vector in present:
            values, is_valid = _from_vectors(_column(rows, vector), len(names))
            columns.update(zip(names, values, strict=True))
            masks.update(
                dict.fromkeys(names, everywhere) if is_valid is None else zip(names, is_valid, strict=True)
            )
        else:
            columns.update(dict.fromkeys(names, np.zeros(rows.num_rows, declared[names[-1]])))
            masks.update(dict.fromkeys(names, nowhere))
    for name in _bool_columns(len(ports)):
        columns[name] = columns[name].view(np.bool_)
        masks[name] = everywhere
    items = _items_from_vectors(rows, recorded)
    return StateTable(columns=columns, masks=masks, items=items, stage=stage, ports=ports)


@cache
def _bool_columns(num_players: int) -> tuple[str, ...]:
    """The columns that lie among the uint8; no schema has a bool that can be null."""
    return tuple(name for name, dtype in schema.table_dtypes(num_players).items() if dtype == np.bool_)


def _column(rows: pa.Table, name: str) -> pa.Array:
    chunked = rows.column(name)
    return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()


def _from_vectors(array: pa.Array, width: int) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Values and validity, each [width, T] and contiguous along T; validity None if nothing is null."""
    child = array.flatten()
    if child.null_count == 0:
        return np.ascontiguousarray(child.to_numpy().reshape(-1, width).T), None
    if child.null_count == len(child):
        shape = (width, len(child) // width)
        return np.zeros(shape, child.type.to_pandas_dtype()), np.zeros(shape, bool)
    is_valid = child.is_valid().to_numpy(zero_copy_only=False).reshape(-1, width)
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
