"""The declaration of one column of the state: its type, unit, meaning and source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True, slots=True)
class Source:
    """The place of a column's value in the event stream of a .slp file.

    Attributes:
        event: "frame_start", "pre", "post", "item" or "bookend".
        offset: Byte offset within the event, whose command byte is at 0.
        wire: numpy dtype of the value as it is recorded, big-endian.
        requires_bytes: Least length of the event in bytes; if a replay's events are shorter, the column is
            null for the whole game.
    """

    event: str
    offset: int
    wire: str
    requires_bytes: int

    def __post_init__(self) -> None:
        if self.requires_bytes < self.offset + np.dtype(self.wire).itemsize:
            msg = (
                f"{self.event} 0x{self.offset:x}: requires_bytes {self.requires_bytes} ends before the field"
            )
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Column:
    """The declaration of one column of the state.

    Attributes:
        name: The name within its group: "x" of "p0.x".
        dtype: numpy name of the type that the table holds: "float32", "uint8", "bool" ...
        unit: Unit or kind of value; "" if the doc says it all.
        doc: The column's meaning, with its range if one was measured.
        since: First .slp version that records it; None if every version does, so that it is null only where
            the entity has no event in that frame.
        source: Where it is read from; None for columns that are counted, filled forward or computed.
        is_category: True for ids and enumerations, whose values must never be averaged or scaled.
        finite_while: (bit field of the same entity, bits): while none of these bits is set, the game may keep
            any bytes there, and a value that is not a finite number is null. None for columns that are always
            finite.
    """

    name: str
    dtype: str
    unit: str
    doc: str
    since: str | None = None
    source: Source | None = None
    is_category: bool = False
    finite_while: tuple[str, int] | None = None

    @property
    def numpy_dtype(self) -> np.dtype[np.generic]:
        """The dtype that the table holds, little-endian."""
        return _little_endian(self.dtype)


@cache
def _little_endian(dtype: str) -> np.dtype[np.generic]:
    # Cached, so that tables can compare dtypes by identity: each table has hundreds of columns.
    return np.dtype(np.dtype(dtype).str.replace("=", "<").replace(">", "<"))
