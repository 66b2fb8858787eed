"""Read other people's side tables: Parquet files, and .npy files of records, with game_id and slp_frame.

    Parquet    columns game_id (text), slp_frame (whole number), and a column of values: numbers, or lists of
               them; or several columns of numbers, which become places of one axis, masked where null
    .npy       records with fields game_id, slp_frame and a field of values: ("latent", "f2", (16, 8, 8)), say

These files are read whole when a dataset is opened, so they should fit into memory; write a larger table with
`manifests.side_tables.writer`.
"""

from __future__ import annotations

import io
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.errors import RecordRefused
from manifests.parquet_bounds import check_bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

_KEYS = ("game_id", "slp_frame")


class KeyedTable:
    """A side table that is held in memory.

    Args:
        game_ids: N texts.
        slp_frames: int64 [N]; no frame of a game comes twice.
        values: [N, ...].
        names: names of the places along the last axis; empty if they have none.
        valid: bool [N, ...] of the values' shape, False where a value is null; None if no value is null.

    Raises:
        ValueError: a frame comes twice, or the columns differ in length.
    """

    def __init__(
        self, game_ids: NDArray[Any], slp_frames: NDArray[np.int64], values: NDArray[Any],
        names: tuple[str, ...] = (), valid: Mask | None = None,
    ) -> None:  # fmt: skip
        if not game_ids.shape == slp_frames.shape == values.shape[:1]:
            message = f"{game_ids.size} game_ids, {slp_frames.size} slp_frames, {values.shape[0]} values"
            raise ValueError(message)
        self.names = names
        ids, numbers = np.unique(game_ids, return_inverse=True)
        order = np.lexsort((slp_frames, numbers))
        self._frames, self._values = slp_frames[order], values[order]
        self._valid = None if valid is None else valid[order]
        numbers = numbers[order]
        same = (numbers[1:] == numbers[:-1]) & (self._frames[1:] == self._frames[:-1])
        if same.any():
            row = int(np.flatnonzero(same)[0])
            message = f"slp_frame {self._frames[row]} of game {ids[numbers[row]]:.12} comes twice"
            raise ValueError(message)
        bounds = np.searchsorted(numbers, np.arange(ids.size + 1)).tolist()
        self._span_of = {
            str(name): (bounds[number], bounds[number + 1]) for number, name in enumerate(ids.tolist())
        }

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the values."""
        return self._values.dtype

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one frame's values."""
        return self._values.shape[1:]

    def settle(self) -> None:
        """Do nothing: the table is in memory, which forked processes share."""

    def rows(self, game_id: str, slp_frames: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Look up the values of some frames of a game; as `SideTable.rows`."""
        values = np.zeros((slp_frames.size, *self.row_shape), self.dtype)
        valid = np.zeros(slp_frames.size if self._valid is None else values.shape, bool)
        first, end = self._span_of.get(game_id, (0, 0))
        if first == end:
            return values, valid
        places = np.minimum(np.searchsorted(self._frames[first:end], slp_frames), end - first - 1) + first
        found = self._frames[places] == slp_frames
        values[found] = self._values[places[found]]
        valid[found] = True if self._valid is None else self._valid[places[found]]
        return values, valid


def read_npy(data: bytes, name: str) -> KeyedTable:
    """Read an .npy file of records.

    Raises:
        RecordRefused: `data` is not such a file, or has other fields.
    """
    try:
        records = _records(data)
        (column, *others) = _value_columns(list(records.dtype.names or ()), name)
        if others:
            message = f"{name}: records have one field of values, got {[column, *others]}"
            raise RecordRefused(message)
        game_ids = records["game_id"]
        texts = game_ids.astype("U64") if game_ids.dtype.kind in "SU" else np.array(game_ids, str)
        return KeyedTable(texts, records["slp_frame"].astype(np.int64), records[column])
    except (ValueError, EOFError, SyntaxError, TokenError, TypeError, KeyError, OverflowError) as error:
        raise _refused(name, error) from error


def _records(data: bytes) -> NDArray[Any]:
    """View the records of an .npy file without copying them.

    `np.load` would also open a .zip, and allocate memory for as many records as the header claims.
    """
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        message = f"version {version} of .npy; save it with numpy.save"
        raise ValueError(message)
    shape, _, dtype = readers[version](file)
    values = data[file.tell() :]
    if dtype.hasobject or len(shape) != 1 or len(values) != dtype.itemsize * shape[0]:
        message = (
            f"{shape} values of {dtype.itemsize} bytes, none an object, are not these {len(values)} bytes"
        )
        raise ValueError(message)
    found: NDArray[Any] = np.frombuffer(values, dtype)
    return found


def read_parquet(files: Sequence[bytes], name: str) -> KeyedTable:
    """Read the Parquet files of a table; there must be at least one.

    Raises:
        RecordRefused: they are not Parquet, have other columns, or their values are not numbers of one shape.
    """
    try:
        table = pa.concat_tables([_read(data) for data in files])
        columns = _value_columns(table.column_names, name)
        game_ids = np.array(table["game_id"].to_pylist(), "U64")
        slp_frames = table["slp_frame"].to_numpy().astype(np.int64)
        if len(columns) == 1:
            values = _numbers(table[columns[0]].combine_chunks(), table.num_rows)
            return KeyedTable(game_ids, slp_frames, values)
        arrays = [table[column].combine_chunks() for column in columns]
        if nested := [column for column, one in zip(columns, arrays, strict=True) if one.type.num_fields]:
            message = f"of several columns each is of numbers; {', '.join(nested)} has lists"
            raise ValueError(message)  # noqa: TRY301 - one message for all of them
        filled = [array.fill_null(0) if array.null_count else array for array in arrays]
        values = np.stack([_numbers(array, table.num_rows) for array in filled], axis=1)
        valid = np.stack([array.is_valid().to_numpy(zero_copy_only=False) for array in arrays], axis=1)
        return KeyedTable(game_ids, slp_frames, values, columns, valid)
    except (ValueError, TypeError, pa.ArrowException) as error:
        raise _refused(name, error) from error


def _read(data: bytes) -> pa.Table:
    # Read on this thread only, for the reason that `manifests.snapshot.reader` explains.
    with pq.ParquetFile(pa.BufferReader(data), pre_buffer=False) as file:
        check_bounds(file.metadata)
        return file.read(use_threads=False)


def _numbers(array: pa.Array, num_rows: int) -> NDArray[Any]:
    """Convert numbers, or (nested) lists of numbers of one length, to an array [N, ...]."""
    shape: list[int] = []
    count = num_rows
    while pa.types.is_list(array.type) or pa.types.is_large_list(array.type) or (
        pa.types.is_fixed_size_list(array.type)
    ):  # fmt: skip
        if array.null_count:
            message = "a list is null"
            raise ValueError(message)
        lengths = np.unique(array.value_lengths().to_numpy(zero_copy_only=False)).tolist()
        if len(lengths) != 1:
            message = f"lists of lengths {lengths[:5]}; all rows have one shape"
            raise ValueError(message)
        shape.append(int(lengths[0]))
        count *= shape[-1]
        array = array.flatten()
    if array.null_count or len(array) != count:
        message = f"{array.null_count} values are null; leave out rows that have none"
        raise ValueError(message)
    numbers = array.to_numpy(zero_copy_only=False)
    if numbers.dtype.kind not in "fiub":
        message = f"values are numbers, got {array.type}"
        raise ValueError(message)
    shaped: NDArray[Any] = numbers.reshape(num_rows, *shape)
    return shaped


def _value_columns(names: list[str], table: str) -> tuple[str, ...]:
    others = tuple(one for one in names if one not in _KEYS)
    if not set(_KEYS) <= set(names) or not others:
        message = f"{table}: its columns are {names}; a side table has game_id, slp_frame and one or more"
        raise RecordRefused(message)
    return others


def _refused(name: str, error: Exception) -> RecordRefused:
    return RecordRefused(f"{name}: no side table: {error}")
