"""What is declared about one column of the state: its type, unit, meaning and source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True, slots=True)
class Source:
    """Where a column's value stands in the event stream.

    Attributes:
        event: "frame_start", "pre", "post", "item" or "bookend".
        offset: Byte offset within the event, its command byte included.
        wire: Big-endian numpy dtype as recorded.
        requires_bytes: The event must be at least this long, or the column is null for the whole game.
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
    """One declared column.

    Attributes:
        name: Within its group: "x" of "p0.x".
        dtype: numpy name of the type the table holds: "float32", "uint8", "bool" ...
        unit: Unit or kind of value; "" where the doc says it all.
        doc: What it means, with its range where one was measured.
        since: First .slp version that records it; None if every version does (it is null only where the
            entity has no event in that frame).
        source: Where it is read from; None for those that are counted, filled forward or computed.
        is_category: True for ids and enumerations, whose values must never be averaged or scaled.
    """

    name: str
    dtype: str
    unit: str
    doc: str
    since: str | None = None
    source: Source | None = None
    is_category: bool = False

    @property
    def numpy_dtype(self) -> np.dtype[np.generic]:
        """The table's little-endian dtype."""
        return _little_endian(self.dtype)


@cache
def _little_endian(dtype: str) -> np.dtype[np.generic]:
    return np.dtype(np.dtype(dtype).str.replace("=", "<").replace(">", "<"))  # numpy holds one of each
