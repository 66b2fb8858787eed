"""Lay out the state columns that a training run asks for as rows of bytes: one row per frame, native widths.

    [4-byte columns | columns of the stage | 2-byte columns | validity code | 1-byte columns | bits | check]

The default fields take 200 bytes a frame. Three things make a row small. Bools are bits. The columns of
different stages share the same bytes, because a game has the columns of one stage at most. And validity is
not stored frame by frame and column by column: a row has the number of its *pattern*, which says for every
column whether it is valid, and a chunk has few patterns, mostly one.

The check at the end is a weighted sum of the row's words that begins with a seed made from the chunk's states
file and with the frame's number. So a flipped bit, or a row of another game or frame, is found when the row
is read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.state import schema
from manifests.state.derived import column_of, derived_column, is_derived

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from manifests.state.table import StateTable

    Rows = NDArray[np.uint8]
    Mask = NDArray[np.bool_]
    Int = NDArray[np.int64]

NUM_PLAYERS: Final = 2  # the farm renders only games of two players
MAX_PATTERNS: Final = 1 << 16
_WORD: Final = 4
_SEED_FACTOR, _FRAME_FACTOR = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """The place of one column in a packed row.

    Attributes:
        name: full name of the column, such as "p0.x".
        dtype: numpy dtype of its values.
        byte: where its bytes begin in a row; for a bool, which byte has its bit.
        bit: number of its bit, from the lowest; None for columns that are not bool.
        is_shared: whether columns of other stages use the same bytes, so that they count only where valid.
    """

    name: str
    dtype: np.dtype[Any]
    byte: int
    bit: int | None = None
    is_shared: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class RowLayout:
    """The place of every column in a packed row; `row_layout` makes a layout from names of columns.

    Attributes:
        columns: the columns; their order is also that of a pattern's places.
        code_byte: where the number of the row's pattern begins, a uint16.
        first_bit_byte: where the bytes of the bools begin.
        num_bit_bytes: number of these bytes.
        row_bytes: number of bytes of a row, a multiple of 4; the last 4 are the check.
    """

    columns: tuple[StoredColumn, ...]
    code_byte: int
    first_bit_byte: int
    num_bit_bytes: int
    row_bytes: int

    @property
    def needs_game(self) -> bool:
        """Whether a column depends on frames long before, so that packing needs the whole game."""
        return any(is_derived(name) and derived_column(name).needs_game for name in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def row_layout(names: Sequence[str]) -> RowLayout:
    """Lay out some columns, the widest first; a name that comes twice is stored once."""
    dtypes = {name: column_dtype(name) for name in dict.fromkeys(names)}
    of_stage = {name for stage in schema.COLUMNS_BY_STAGE for name in stage}
    plain = [name for name, dtype in dtypes.items() if dtype != np.bool_ and name not in of_stage]
    bools = [name for name, dtype in dtypes.items() if dtype == np.bool_]
    places: dict[str, StoredColumn] = {}
    end = 0

    def lay(width: int) -> None:
        nonlocal end
        for name in plain:
            if dtypes[name].itemsize == width:
                places[name] = StoredColumn(name, dtypes[name], end)
                end += width

    lay(_WORD)
    shared = _lay_stages(dtypes, end)
    places |= {column.name: column for column in shared}
    end = max([end, *(column.byte + column.dtype.itemsize for column in shared)])
    end += -end % _WORD
    lay(2)
    code_byte, end = end, end + 2
    lay(1)
    for place, name in enumerate(bools):
        places[name] = StoredColumn(name, dtypes[name], end + place // 8, place % 8)
    first_bit_byte, num_bit_bytes = end, -(-len(bools) // 8)
    end += num_bit_bytes
    columns = tuple(places[name] for name in dtypes)
    return RowLayout(columns, code_byte, first_bit_byte, num_bit_bytes, end + -end % _WORD + _WORD)


def _lay_stages(dtypes: dict[str, np.dtype[Any]], start: int) -> list[StoredColumn]:
    """Lay out the columns of every stage, all beginning at the same byte."""
    columns = []
    for stage in schema.COLUMNS_BY_STAGE:
        end = start
        for name in stage:
            if name in dtypes:
                columns.append(StoredColumn(name, dtypes[name], end, is_shared=True))
                end += dtypes[name].itemsize
    return columns


def column_dtype(name: str) -> np.dtype[Any]:
    """Return the numpy dtype of a recorded or derived column.

    Raises:
        KeyError: there is no such column.
    """
    if is_derived(name):
        return np.dtype(derived_column(name).dtype)
    return schema.table_dtypes(NUM_PLAYERS)[name]


@dataclass(frozen=True, eq=False, slots=True)
class PackedRows:
    """Rows of consecutive frames of one chunk.

    Attributes:
        rows: uint8 [T, row_bytes]; their validity codes are row numbers of `patterns`.
        patterns: bool [P, number of columns], distinct.
    """

    rows: Rows
    patterns: Mask


def pack(layout: RowLayout, table: StateTable, skip: int = 0) -> PackedRows:
    """Pack the frames of a state table into rows, without writing the rows' checks yet.

    Args:
        layout: layout of the rows.
        table: skip + T frames of one game.
        skip: number of frames at the table's beginning that only serve to derive columns of later frames.

    Raises:
        ValueError: the table has another number of players, or columns of two stages.
    """
    if table.num_players != NUM_PLAYERS:
        message = f"packed rows are of games of {NUM_PLAYERS}, not of {table.num_players}"
        raise ValueError(message)
    num_frames = table.num_frames - skip
    rows = np.zeros((num_frames, layout.row_bytes), np.uint8)
    valid = np.ones((num_frames, len(layout.columns)), bool)
    for place, column in enumerate(layout.columns):
        values, mask = (part[skip:] for part in column_of(table, column.name))
        valid[:, place] = mask
        if column.bit is not None:
            rows[:, column.byte] |= (values & mask).astype(np.uint8) << np.uint8(column.bit)
        elif mask.any():
            into = rows.view(column.dtype)[:, column.byte // column.dtype.itemsize]
            into[mask] = values[mask]
    _check_stages(layout, valid)
    patterns, codes = encode_patterns(valid)
    rows.view(np.uint16)[:, layout.code_byte // 2] = codes
    return PackedRows(rows, patterns)


def _check_stages(layout: RowLayout, valid: Mask) -> None:
    place = {name: number for number, name in enumerate(layout.names)}
    there = [
        [name for name in stage if name in place and valid[:, place[name]].any()]
        for stage in schema.COLUMNS_BY_STAGE
    ]
    if sum(map(bool, there)) > 1:
        names = [name for stage in there for name in stage]
        message = f"a game is on one stage, but these columns are of several: {names}"
        raise ValueError(message)


def encode_patterns(valid: Mask) -> tuple[Mask, NDArray[np.uint16]]:
    """Number the distinct rows of a mask, in the order in which they first occur.

    Args:
        valid: bool [T, V], T at least 1.

    Returns:
        The distinct rows, bool [P, V], and the number of each row's pattern, uint16 [T].

    Raises:
        ValueError: there are more than 65,536 patterns.
    """
    # Validity seldom changes, so runs of equal rows are found first, and then only the few runs are compared.
    begins = np.flatnonzero(np.concatenate([[True], (valid[1:] != valid[:-1]).any(axis=1)]))
    known: dict[bytes, int] = {}
    of_run = [known.setdefault(valid[begin].tobytes(), len(known)) for begin in begins.tolist()]
    if len(known) > MAX_PATTERNS:
        message = f"{len(known)} patterns of validity in one chunk; a row can name {MAX_PATTERNS}"
        raise ValueError(message)
    codes = np.repeat(np.array(of_run, np.uint16), np.diff(np.append(begins, valid.shape[0])))
    patterns = np.frombuffer(b"".join(known), bool).reshape(len(known), valid.shape[1])
    return patterns, codes


def seeds_of(states_sha256: Rows, key: str) -> NDArray[np.uint32]:
    """Make a seed for the row checks of each chunk, which depends on the states file and on the layout.

    Args:
        states_sha256: uint8 [C, 32], hash of each chunk's states file.
        key: names the layout.

    Returns:
        uint32 [C].
    """
    of_key = np.frombuffer(hashlib.sha256(key.encode()).digest()[:_WORD], np.uint32)
    return np.ascontiguousarray(states_sha256[:, :_WORD]).view(np.uint32)[:, 0] ^ of_key


def seal(rows: Rows, seeds: NDArray[np.uint32], frames: Int) -> None:
    """Write the check at the end of every row; the arguments are those of `broken`."""
    rows.view(np.uint32)[:, -1] = _checks(rows, seeds, frames)


def broken(rows: Rows, seeds: NDArray[np.uint32], frames: Int) -> Mask:
    """Find the rows whose check fails: they are damaged, or belong to another chunk or frame.

    Args:
        rows: uint8 [N, row_bytes], C-contiguous.
        seeds: uint32 [N], seed of each row's chunk.
        frames: int64 [N], frame_index of each row.

    Returns:
        bool [N].
    """
    differs: Mask = rows.view(np.uint32)[:, -1] != _checks(rows, seeds, frames)
    return differs


def _checks(rows: Rows, seeds: NDArray[np.uint32], frames: Int) -> NDArray[np.uint32]:
    words = rows.view(np.uint32)[:, :-1]
    # The weights are odd, so flipping any single bit of a word changes the sum modulo 2 ** 32.
    weights = (np.arange(1, words.shape[1] + 1, dtype=np.uint32) * np.uint32(0x61C88646)) | np.uint32(1)
    sums: NDArray[np.uint32] = np.einsum("ij,j->i", words, weights)
    sums += seeds * _SEED_FACTOR + frames.astype(np.uint32) * _FRAME_FACTOR
    return sums
