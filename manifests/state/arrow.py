"""Convert a state table to an Arrow table with one column per schema column, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from manifests.state import schema
from manifests.state.items import ItemTable
from manifests.state.table import StateTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_METADATA_KEY = b"dolphin_farm.state"


def arrow_schema(num_players: int) -> pa.Schema:
    """Make the Arrow schema of a game of `num_players`, derived from `manifests.state.schema`."""
    fields = [
        pa.field(name, pa.from_numpy_dtype(column.numpy_dtype), nullable=True)
        for name, column in schema.table_columns(num_players).items()
    ]
    return pa.schema([*fields, pa.field("items", _item_type(), nullable=True)])


def _item_type() -> pa.DataType:
    fields = [
        pa.field(column.name, pa.from_numpy_dtype(column.numpy_dtype)) for column in schema.ITEM_COLUMNS
    ]
    return pa.list_(pa.struct(fields))


def metadata_of(table: StateTable) -> dict[bytes, bytes]:
    """Make the Arrow metadata that a state needs beside its rows: stage, ports, recorded item columns."""
    description = {
        "schema_version": schema.SCHEMA_VERSION,
        "stage": table.stage,
        "ports": list(table.ports),
        "item_columns": sorted(table.items.recorded),
    }
    return {_METADATA_KEY: json.dumps(description, sort_keys=True).encode()}


def described(metadata: dict[bytes, bytes] | None) -> tuple[int, tuple[int, ...], frozenset[str]]:
    """Read stage, ports and the names of recorded item columns from Arrow schema metadata.

    Raises:
        ValueError: The metadata is not that of a state, or has another schema version.
    """
    if not metadata or _METADATA_KEY not in metadata:
        msg = "this table carries no dolphin_farm.state metadata; it was not written as a state"
        raise ValueError(msg)
    description = json.loads(metadata[_METADATA_KEY])
    if description["schema_version"] != schema.SCHEMA_VERSION:
        msg = (
            f"written with state schema {description['schema_version']}; this program reads "
            f"{schema.SCHEMA_VERSION}: use the version of dolphin-farm that wrote it"
        )
        raise ValueError(msg)
    ports = tuple(int(port) for port in description["ports"])
    return int(description["stage"]), ports, frozenset(description["item_columns"])


def to_arrow(table: StateTable) -> pa.Table:
    """Make an Arrow table: one column per schema column, null where not valid; items as lists of structs."""
    arrays = [_to_array(table.columns[name], table.masks[name]) for name in table.names()]
    arrays.append(_items_to_array(table.items))
    typed = arrow_schema(table.num_players).with_metadata(metadata_of(table))
    return pa.Table.from_arrays(arrays, schema=typed)


def _to_array(values: NDArray[Any], mask: NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, mask=None if mask.all() else ~mask)


def _items_to_array(items: ItemTable) -> pa.Array:
    if not items.valid:
        return pa.nulls(items.num_frames, _item_type())
    absent = np.ones(items.num_rows, bool)
    children = [
        pa.array(items.values(column.name), mask=None if items.is_recorded(column.name) else absent)
        for column in schema.ITEM_COLUMNS
    ]
    rows = pa.StructArray.from_arrays(children, fields=list(_item_type().value_type))
    return pa.ListArray.from_arrays(pa.array(items.offsets.astype(np.int32)), rows)


def from_arrow(table: pa.Table) -> StateTable:
    """Make a state table from an Arrow table that `to_arrow` made.

    Raises:
        ValueError: columns are missing, or the metadata is not that of a state of this schema version.
    """
    stage, ports, recorded = described(table.schema.metadata)
    declared = schema.table_columns(len(ports))
    missing = [name for name in (*declared, "items") if name not in table.column_names]
    if missing:
        msg = f"the table lacks columns {missing[:5]}; read all of them to make a state"
        raise ValueError(msg)
    columns, masks = {}, {}
    for name, column in declared.items():
        columns[name], masks[name] = _from_array(_single(table.column(name)), column.numpy_dtype)
    items = _items_from_array(_single(table.column("items")), recorded)
    return StateTable(columns=columns, masks=masks, items=items, stage=stage, ports=ports)


def _single(chunked: pa.ChunkedArray) -> pa.Array:
    return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()


def _from_array(array: pa.Array, dtype: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    length = len(array)
    if array.null_count == 0:
        return array.to_numpy(zero_copy_only=False).astype(dtype, copy=False), np.ones(length, bool)
    if array.null_count == length:
        return np.zeros(length, dtype), np.zeros(length, bool)
    mask = array.is_valid().to_numpy(zero_copy_only=False)
    # Without filling nulls, Arrow would return integers with nulls as floats, and lose their low bits.
    zero: Any = False if dtype == np.bool_ else dtype.type(0)
    return array.fill_null(zero).to_numpy(zero_copy_only=False).astype(dtype, copy=False), mask


def _items_from_array(array: pa.Array, recorded: frozenset[str]) -> ItemTable:
    if not recorded:
        return ItemTable.empty(len(array))
    offsets = array.offsets.to_numpy().astype(np.int64)
    # The offsets of a slice do not begin with 0, and its values are those of the whole array.
    rows = array.values.slice(offsets[0], offsets[-1] - offsets[0])
    columns = {
        column.name: _from_array(rows.field(index), column.numpy_dtype)[0]
        for index, column in enumerate(schema.ITEM_COLUMNS)
    }
    return ItemTable(offsets=offsets - offsets[0], columns=columns, recorded=recorded)
