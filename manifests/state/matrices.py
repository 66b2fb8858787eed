"""Present the rows of a few matrices, as a states file holds them, as named columns without copying them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

_BOOL, _BYTE = np.dtype(np.bool_), np.dtype(np.uint8)


@dataclass(frozen=True, slots=True)
class Place:
    """The matrix and row that hold a column, and its dtype; a bool column may be a row of a uint8 matrix."""

    matrix: str
    row: int
    dtype: np.dtype[Any]


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """The matrix and row of each column. A layout is made once, and shared by all tables of its kind.

    Attributes:
        places: Place of each column, by its name.
        dtypes: dtype of each column, by its name.
        matrices: Number of rows of each matrix, and the dtypes that it may have, by its name.

    Raises:
        ValueError: Columns of different dtypes would be rows of one matrix.
    """

    places: Mapping[str, Place]
    dtypes: Mapping[str, np.dtype[Any]] = field(init=False)
    matrices: Mapping[str, tuple[int, frozenset[np.dtype[Any]]]] = field(init=False)

    def __post_init__(self) -> None:
        rows: dict[str, int] = {}
        dtypes: dict[str, set[np.dtype[Any]]] = {}
        for place in self.places.values():
            rows[place.matrix] = max(rows.get(place.matrix, 0), place.row + 1)
            dtypes.setdefault(place.matrix, set()).add(place.dtype)
        matrices = {}
        for name, found in dtypes.items():
            if len(found) > 1 and found != {_BOOL, _BYTE}:
                msg = f"matrix {name} cannot hold columns of {sorted(str(dtype) for dtype in found)}"
                raise ValueError(msg)
            stored = frozenset({_BYTE}) if len(found) > 1 else frozenset(found)
            matrices[name] = (rows[name], stored)
        object.__setattr__(self, "dtypes", {name: place.dtype for name, place in self.places.items()})
        object.__setattr__(self, "matrices", matrices)


class ColumnMatrices(Mapping[str, "Values"]):
    """Columns [T] by name, each a row of a matrix; read-only.

    Shapes and dtypes are checked once per matrix, so that a table need not look at hundreds of columns.

    Args:
        layout: The matrix and row of each column.
        matrices: The matrices, [rows, T] each, by name.

    Raises:
        ValueError: A matrix is missing, does not have the layout's rows and dtype, or matrices differ in T.
    """

    def __init__(self, layout: Layout, matrices: Mapping[str, Values]) -> None:
        self.layout, self._matrices = layout, matrices
        self.num_frames = -1
        for name, (num_rows, dtypes) in layout.matrices.items():
            matrix = matrices.get(name)
            if matrix is None or matrix.shape[:-1] != (num_rows,) or matrix.dtype not in dtypes:
                got = None if matrix is None else (matrix.dtype, matrix.shape)
                msg = f"matrix {name} is {got}; the layout has {num_rows} rows of {set(dtypes)}"
                raise ValueError(msg)
            if self.num_frames not in (-1, matrix.shape[1]):
                msg = f"matrix {name} has {matrix.shape[1]} frames, those before it {self.num_frames}"
                raise ValueError(msg)
            self.num_frames = matrix.shape[1]
            matrix.setflags(write=False)

    def __getitem__(self, name: str) -> Values:
        place = self.layout.places[name]
        values: Values = self._matrices[place.matrix][place.row]
        return values if values.dtype == place.dtype else values.view(place.dtype)

    def __iter__(self) -> Iterator[str]:
        return iter(self.layout.places)

    def __len__(self) -> int:
        return len(self.layout.places)

    def rows(self, frames: slice) -> ColumnMatrices:
        """Return all columns of a slice of the frames, sharing memory."""
        return ColumnMatrices(
            self.layout, {name: matrix[:, frames] for name, matrix in self._matrices.items()}
        )
