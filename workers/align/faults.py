"""Simulate faults in a game's stream of pictures (lost, repeated, swapped ...), for tests and benches.

    Fault -> schedule: which picture is shown when

`farm bench align` applies a schedule to the notes on a game; `workers/standin/image/steps.py` makes the game
program itself show a fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt


class FaultKind(StrEnum):
    """The kinds of faults; `at` and `length` in the comments are attributes of `Fault`."""

    DROP = "drop"  # `length` pictures from `at` on are lost
    REPEAT = "repeat"  # picture `at` is shown `length` times more
    SWAP = "swap"  # pictures `at` and `at` + 1 change places
    FREEZE = "freeze"  # picture `at` replaces the next `length` pictures, then the stream goes on in time
    SHIFT = (
        "shift"  # the whole stream begins `length` pictures late (lost), or, if negative, early (invented)
    )
    SLOW = "slow"  # `length` pictures from `at` on are shown for two fields each
    SLIP = "slip"  # picture `at` is lost, and the one `length` later shown twice: those between come early
    DESYNC = "desync"  # from `at` on the pictures are another game's


_CAN_BE_NEGATIVE: Final = frozenset({FaultKind.SHIFT})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a stream of pictures.

    Attributes:
        kind: the kind of fault.
        at: capture_index at which it begins; 0 for SHIFT.
        length: how many pictures it lasts; not used by SWAP and DESYNC.

    Raises:
        ValueError: `at` is before the first picture, or `length` would change nothing.
    """

    kind: FaultKind
    at: int
    length: int = 1

    def __post_init__(self) -> None:
        if self.at < 0 or (self.kind is FaultKind.SHIFT and self.at):
            message = f"{self.kind} begins at a capture_index from 0 on (a shift at 0), got {self.at}"
            raise ValueError(message)
        if self.length == 0 or (self.length < 0 and self.kind not in _CAN_BE_NEGATIVE):
            message = f"{self.kind} lasts for 1 picture or more, got {self.length}"
            raise ValueError(message)

    def __str__(self) -> str:
        return f"{self.kind} of {self.length} at {self.at}"

    def shown_in_turn(self, index: int) -> tuple[int, ...]:
        """Return the pictures that are shown when it is the turn of picture `index`."""
        return _TURNS[self.kind](index, self.at, self.length)


_TURNS: Final[dict[FaultKind, Callable[[int, int, int], tuple[int, ...]]]] = {
    FaultKind.DROP: lambda i, at, n: () if at <= i < at + n else (i,),
    FaultKind.REPEAT: lambda i, at, n: (i,) * (n + 1 if i == at else 1),
    FaultKind.SWAP: lambda i, at, _: () if i == at else (i, at) if i == at + 1 else (i,),
    FaultKind.FREEZE: lambda i, at, n: (at if at < i <= at + n else i,),
    FaultKind.SHIFT: lambda i, _, n: () if i < n else (i,) * (1 - n if i == 0 > n else 1),
    FaultKind.SLOW: lambda i, at, n: (i,) * (2 if at <= i < at + n else 1),
    FaultKind.SLIP: lambda i, at, n: () if i == at else (i,) * (2 if i == at + n else 1),
    FaultKind.DESYNC: lambda i, _at, _n: (i,),
}


@dataclass(frozen=True, slots=True, eq=False)
class FaultSchedule:
    """The order in which a faulty stream shows its pictures.

    Attributes:
        source: int64 [K], for each shown picture, its capture_index in the faultless stream.
        is_other: bool [K], whether it is the other game's picture with that index.
        num_shown: int64 [N], how many pictures have been shown once each faultless picture had its turn.
    """

    source: npt.NDArray[np.int64]
    is_other: npt.NDArray[np.bool_]
    num_shown: npt.NDArray[np.int64]


def schedule(fault: Fault | None, num_pictures: int) -> FaultSchedule:
    """Return the schedule of a stream of `num_pictures`; the result is as long, held or cut at its end."""
    source: list[int] = []
    num_shown = np.zeros(num_pictures, dtype=np.int64)
    for index in range(num_pictures):
        source.extend((index,) if fault is None else fault.shown_in_turn(index))
        num_shown[index] = len(source)
    # A stream that lost pictures is filled up with its last one, as by an emulator that holds it.
    source.extend([source[-1] if source else 0] * max(num_pictures - len(source), 0))
    shown = np.array(source[:num_pictures], dtype=np.int64)
    is_desync = fault is not None and fault.kind is FaultKind.DESYNC
    is_other = shown >= fault.at if fault is not None and is_desync else np.zeros(num_pictures, np.bool_)
    return FaultSchedule(shown, is_other, np.minimum(num_shown, num_pictures))
