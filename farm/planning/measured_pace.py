"""The measured pace of one emulator on one machine, and the sizes of what it rendered.

A canary game, a bench and a public report all give the same figures, so that an estimate can say where its
figure is from, and a measurement from the user's own machines can replace one from elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PaceOrigin: TypeAlias = Literal["canary", "dataset", "bench", "public"]
"""Who measured the pace: a run's canary game, games of a dataset, a bench, or a public report."""

ORIGINS: Final[tuple[PaceOrigin, ...]] = get_args(PaceOrigin)
_MORE_THAN_ZERO: Final = ("slots", "num_frames", "frames_per_second", "cpu_seconds_per_1000_frames")
_MAY_BE_UNKNOWN: Final = ("video_bytes_per_frame", "states_bytes_per_frame")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPace:
    """The figures that one measurement of rendering gave, and the emulator and machine that it was made on.

    Attributes:
        origin: one of ORIGINS.
        emulator: the run's setting `emulator`, "standin" or "slippi".
        game: what was played, e.g. "Melee" or "the stand-in": Slippi's Dolphin plays both, and they cost
            differently.
        renderer: what drew, as the driver calls itself, e.g. "llvmpipe (LLVM 15.0.6, 256 bits)".
        machine: the machine in words, e.g. "2 cores of an Intel Xeon".
        slots: emulators that ran side by side during the measurement.
        num_frames: frames that were rendered for the measurement.
        frames_per_second: frames of one slot per second of wall time, including starts and ends.
        cpu_seconds_per_1000_frames: CPU time of all processes of a slot, in seconds per 1,000 frames.
        video_bytes_per_frame, states_bytes_per_frame: bytes that a frame takes in the dataset; None if they
            were not measured.
        measured_on: the day, as YYYY-MM-DD, or the month, as YYYY-MM, if no more is known.

    Raises:
        ValueError: a figure is not above zero, the origin is unknown, or there is no such day or month.
    """

    origin: PaceOrigin
    emulator: str
    game: str
    renderer: str
    machine: str
    slots: int
    num_frames: int
    frames_per_second: float
    cpu_seconds_per_1000_frames: float
    video_bytes_per_frame: float | None
    states_bytes_per_frame: float | None
    measured_on: str

    def __post_init__(self) -> None:
        if self.origin not in ORIGINS:
            message = f"origin is one of {', '.join(ORIGINS)}, got {self.origin!r}"
            raise ValueError(message)
        for name in (*_MORE_THAN_ZERO, *_MAY_BE_UNKNOWN):
            value = getattr(self, name)
            if value is None and name in _MAY_BE_UNKNOWN:
                continue
            if not isinstance(value, int | float) or not 0 < value < math.inf:
                message = f"{name} is above 0, got {value!r}"
                raise ValueError(message)
        date.fromisoformat(self.measured_on if self.measured_on.count("-") != 1 else f"{self.measured_on}-01")

    def frames_per_second_on(self, cores: float) -> float:
        """Return the pace of a slot with this many cores; it is slower if it would keep more cores busy."""
        return min(self.frames_per_second, 1000 * cores / self.cpu_seconds_per_1000_frames)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, as JSON takes them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> MeasuredPace:
        """Return the pace that `to_dict` wrote.

        Raises:
            ValueError: a field is missing, unknown or out of its range.
        """
        try:
            return cls(**fields)
        except TypeError as problem:
            message = f"not the figures of a measured pace: {problem}"
            raise ValueError(message) from problem

    def describe(self) -> str:
        """Say where the figures are from, as a phrase for people."""
        slots = "one emulator" if self.slots == 1 else f"{self.slots} emulators side by side"
        return (
            f"{_BY[self.origin]}: {self.game} in --emulator {self.emulator}, drawn by {self.renderer}, on "
            f"{self.machine}, {slots}, {self.num_frames:,} frames, {self.measured_on}"
        )


_BY: Final[Mapping[PaceOrigin, str]] = {
    "canary": "a canary game",
    "dataset": "games of a dataset",
    "bench": "a bench",
    "public": "a public report",
}


def nearest_pace(paces: Iterable[MeasuredPace], emulator: str, game: str) -> MeasuredPace | None:
    """Return the measurement to use for this emulator and game: a canary's if any, then the latest.

    Args:
        paces: any number of measurements; those of another emulator or game are ignored.
        emulator: as in MeasuredPace.
        game: as in MeasuredPace.
    """
    fitting = [pace for pace in paces if (pace.emulator, pace.game) == (emulator, game)]
    return max(fitting, key=lambda pace: (pace.origin == "canary", pace.measured_on), default=None)
