"""Turn packed rows into the arrays of samples: float32 values, int64 ids, and masks of recorded values.

The place of every column is worked out once per dataset. A batch then costs one copy per run of neighbouring
columns, for all of its frames together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.state.views import BUTTONS, view_columns
from manifests.training.row_layout import NUM_PLAYERS, column_dtype, row_layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from manifests.training.fields import Fields
    from manifests.training.row_layout import StoredColumn

    Arrays = dict[str, NDArray[Any]]

_ACTIONS: Final = frozenset({"action", "raw_action", "just_pressed"})
_BITS: Final = "bits"
_MASKS: Final = np.array(list(BUTTONS.values()), np.uint32)


@dataclass(slots=True)
class _Run:
    """Neighbouring places of an array that are also neighbouring columns of one dtype in a packed row."""

    place: int
    source: int
    count: int
    kind: str
    shared: int | None


@dataclass(frozen=True, eq=False, slots=True)
class _Array:
    """One array of a sample, [N, D], or [N] for a single column, and the columns that fill its places."""

    name: str
    dtype: np.dtype[Any]
    width: int
    is_single: bool
    runs: list[_Run]
    buttons: list[_Run]
    columns: NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """The arrays of one field, either for the frames of steps or for the frames of actions."""

    is_action: bool
    arrays: tuple[_Array, ...]

    def first_button(self, name: str) -> int:
        """Return the first place of an array that is a button; the array's width if it has no buttons."""
        (array,) = (one for one in self.arrays if one.name == name)
        return array.buttons[0].place if array.buttons else array.width


def is_action(name: str) -> bool:
    """Whether a field or array holds the players' inputs, which may be those of other frames."""
    return name.removesuffix("_valid").removesuffix("_ids").partition("/")[0] in _ACTIONS


class RowArrays:
    """Turns packed rows into the arrays of some fields.

    Attributes:
        layout: layout of the rows that hold these fields.
    """

    def __init__(self, fields: Fields) -> None:
        names: list[str] = []
        for name in fields.names:
            view = fields.view_of(name)
            names += [name] if view is None else [one for part in view_columns(view) for one in part]
        self.layout = row_layout(names)
        self._dtypes = {one.dtype.str: one.dtype for one in self.layout.columns if one.bit is None}
        self._column = {column.name: (place, column) for place, column in enumerate(self.layout.columns)}
        self.parts = tuple(Part(is_action(name), self._arrays_of(fields, name)) for name in fields.names)

    def _typed(self, rows: NDArray[np.uint8]) -> Arrays:
        """View the rows' bytes as columns of each dtype."""
        kinds: Arrays = {name: rows.view(dtype) for name, dtype in self._dtypes.items()}
        if self.layout.num_bit_bytes:
            first = self.layout.first_bit_byte
            bits = rows[:, first : first + self.layout.num_bit_bytes]
            kinds[_BITS] = np.unpackbits(bits, axis=1, bitorder="little")
        return kinds

    @property
    def with_actions(self) -> bool:
        """Whether any field has the players' inputs."""
        return any(part.is_action for part in self.parts)

    def _arrays_of(self, fields: Fields, name: str) -> tuple[_Array, ...]:
        view = fields.view_of(name)
        if view is None:
            return (self._array(name, _widened(column_dtype(name)), (name,), (), is_single=True),)
        values, bit_fields, categories = view_columns(view, NUM_PLAYERS)
        arrays = []
        if values or bit_fields:
            arrays.append(self._array(name, np.dtype(np.float32), values, bit_fields))
        if categories:
            arrays.append(self._array(f"{name}_ids", np.dtype(np.int64), categories, ()))
        return tuple(arrays)

    def _array(
        self, name: str, dtype: np.dtype[Any], columns: tuple[str, ...], bit_fields: tuple[str, ...], *,
        is_single: bool = False,
    ) -> _Array:  # fmt: skip
        runs: list[_Run] = []
        for place, column in enumerate(columns):
            run = self._run(place, *self._column[column])
            last = runs[-1] if runs else None
            if last is not None and run.shared is last.shared is None and run.kind == last.kind and (
                run.source == last.source + last.count
            ):  # fmt: skip
                last.count += 1
            else:
                runs.append(run)
        buttons = [
            self._run(len(columns) + number * len(BUTTONS), *self._column[one])
            for number, one in enumerate(bit_fields)
        ]
        pressed = [one for one in bit_fields for _ in BUTTONS]
        places = np.array([self._column[one][0] for one in (*columns, *pressed)], np.int64)
        return _Array(name, dtype, places.size, is_single, runs, buttons, places)

    def _run(self, place: int, number: int, column: StoredColumn) -> _Run:
        shared = number if column.is_shared else None
        if column.bit is not None:
            source = (column.byte - self.layout.first_bit_byte) * 8 + column.bit
            return _Run(place, source, 1, _BITS, shared)
        return _Run(place, column.byte // column.dtype.itemsize, 1, column.dtype.str, shared)

    def masks(self, patterns: NDArray[np.bool_]) -> Arrays:
        """Make each array's table of masks, bool [P, D] by name, from patterns, bool [P, columns]."""
        return {
            array.name: np.ascontiguousarray(patterns[:, array.columns])
            for part in self.parts
            for array in part.arrays
        }

    def arrays(
        self, part: Part, rows: NDArray[np.uint8], patterns: NDArray[np.int64], masks: Mapping[str, Any]
    ) -> Arrays:
        """Make the arrays of one field from packed rows.

        Args:
            part: the field, one of `parts`.
            rows: uint8 [N, row_bytes], C-contiguous.
            patterns: int64 [N], the number of each row's pattern.
            masks: the masks of all patterns, from `masks`.

        Returns:
            NAME [N, D] and NAME_valid of the same shape, by name.
        """
        kinds = self._typed(rows)
        found: Arrays = {}
        for array in part.arrays:
            out = np.empty((rows.shape[0], array.width), array.dtype)
            valid: NDArray[np.bool_] = masks[array.name].take(patterns, axis=0)
            for run in array.runs:
                places = slice(run.place, run.place + run.count)
                values = kinds[run.kind][:, run.source : run.source + run.count]
                # Columns of several stages share these bytes, which belong to this column only where it is
                # valid.
                out[:, places] = values if run.shared is None else np.where(valid[:, places], values, 0)
            for run in array.buttons:
                held = kinds[run.kind][:, run.source, None] & _MASKS.astype(run.kind)
                out[:, run.place : run.place + len(BUTTONS)] = held != 0
            found[array.name] = out[:, 0] if array.is_single else out
            found[f"{array.name}_valid"] = valid[:, 0] if array.is_single else valid
        return found


def _widened(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return int64 for uint16 and uint32, for which torch has no arithmetic; other dtypes unchanged."""
    return np.dtype(np.int64) if dtype.kind == "u" and dtype.itemsize > 1 else dtype
