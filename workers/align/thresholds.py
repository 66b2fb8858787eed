"""Every number that decides what counts as aligned, in one place, each with the measurement that set it.

`farm bench align` measures them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LogThresholds:
    """When the log's lines can tell, and when they speak of a shift."""

    min_lines: int = 120
    min_mode_share: float = 0.5
    window_lines: int = 240


@dataclass(frozen=True, slots=True)
class StampThresholds:
    """When a stream counts as stamped, if the caller does not know."""

    min_valid_share: float = 0.5


@dataclass(frozen=True, slots=True)
class VerdictThresholds:
    """How much must agree before a game is called aligned.

    Attributes:
        required: evidence without which there is no verdict.
        min_agreeing: this many must be available and agree, the required ones included.
    """

    required: tuple[str, ...] = ("count",)
    min_agreeing: int = 2


LOG: Final = LogThresholds()
STAMP: Final = StampThresholds()
VERDICT: Final = VerdictThresholds()
