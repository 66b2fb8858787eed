"""Paces that are known without measuring: of the stand-in, and of a public user who rendered Melee.

They serve until a canary game or the user's own dataset gives a measurement. None was measured on the user's
machines, so each says on what machine it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from farm.planning.estimate import SEED_BYTES, SEED_FRAMES, Measured, Span
from farm.planning.measured_pace import MeasuredPace

MELEE: Final = "Melee"
STANDIN_GAME: Final = "the stand-in"
"""The two games whose pace can be known."""

# Fourteen real games through the stand-in on one machine, 2026-11-21: eight of ten frames lie in games within
# these factors of the mean.
_PACE_SPREAD: Final = (29.1 / 36.8, 50.4 / 36.8)
_VIDEO_SPREAD: Final = (2003 / 2514, 2823 / 2514)
_STATES_SPREAD: Final = (45 / 54.2, 62 / 54.2)
_SEED_BYTES_PER_FRAME: Final = SEED_BYTES / SEED_FRAMES
_STATES_BYTES: Final = 54.2

STANDIN_PACE: Final = MeasuredPace(
    origin="bench",
    emulator="standin",
    game=STANDIN_GAME,
    renderer="lavapipe, Vulkan on the processor",
    machine="2 cores of an x86-64 virtual machine, with other work on them",
    slots=1,
    num_frames=14_933,
    frames_per_second=109.0,
    cpu_seconds_per_1000_frames=9.0,
    video_bytes_per_frame=2_385.0,
    states_bytes_per_frame=_STATES_BYTES,
    measured_on="2026-11-29",
)
"""Five real games by `farm render --slots 1`, including starts and ends; 134 s of CPU, 137 s of time."""

SLIPPI_STANDIN_PACE: Final = MeasuredPace(
    origin="bench",
    emulator="slippi",
    game=STANDIN_GAME,
    renderer="llvmpipe (LLVM 15, 256 bits)",
    machine="2 cores of an x86-64 virtual machine, with other work on them",
    slots=1,
    num_frames=9_000,
    frames_per_second=112.0,
    cpu_seconds_per_1000_frames=11.1,
    video_bytes_per_frame=2_452.0,
    states_bytes_per_frame=52.6,
    measured_on="2026-11-30",
)
"""A recorded game played five times in a playback Dolphin 3.1.0, by frame channel (`farm bench capture`).

Bytes are those of nine real games of 34,951 frames.
"""

PUBLIC_MELEE_PACE: Final = MeasuredPace(
    origin="public",
    emulator="slippi",
    game=MELEE,
    renderer="llvmpipe, LP_NUM_THREADS=4",
    machine="a rented pod of 64 vCPUs",
    slots=24,
    num_frames=757 * 10_840,
    frames_per_second=34 * 10_840 / 3600 / 24,
    cpu_seconds_per_1000_frames=64 * 3600 / 34 / 10_840 * 1000,
    video_bytes_per_frame=None,
    states_bytes_per_frame=None,
    measured_on="2026-09",
)
"""A public user's playback Dolphin 3.5.2, with AVI dump and second encode, which is not how we render.

The user reported 34 games an hour and some 1.6 frames per second and vCPU, from which a game's mean length of
10,840 frames follows. The CPU time is calculated as if all cores were busy.
"""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The pace and cost of a user who rendered the real game, to compare an estimate with.

    Attributes:
        pace: how fast the user's machine rendered.
        games_per_hour: games per hour of all emulators together.
        games: number of games rendered for the money.
        dollars: what these games cost.
    """

    pace: MeasuredPace
    games_per_hour: float
    games: int
    dollars: float

    def hours(self, frames: int) -> float:
        """Return the hours that the user's machine would take for a number of frames."""
        return frames / (self.pace.frames_per_second * self.pace.slots) / 3600

    def dollars_for(self, frames: int) -> float:
        """Return the dollars that a number of frames would cost the user's way."""
        return self.dollars * frames / self.pace.num_frames


PUBLIC_MELEE: Final = Anchor(PUBLIC_MELEE_PACE, games_per_hour=34, games=757, dollars=24)

KNOWN_PACES: Final = (STANDIN_PACE, SLIPPI_STANDIN_PACE, PUBLIC_MELEE_PACE)


def measured_by(pace: MeasuredPace, cores_per_slot: float) -> Measured:
    """Turn one pace into figures with a range, in which the games of one machine were found to lie.

    If a pace has no size of videos, the size is taken to lie between the project's first figure and the size
    of the stand-in's videos; nobody has measured Melee's.

    Args:
        pace: the measurement to use.
        cores_per_slot: cores that a slot will have. If the measured CPU time at the measured pace needs more
            cores than that, the cores set the pace.
    """
    video = pace.video_bytes_per_frame
    return Measured(
        _around(pace.frames_per_second_on(cores_per_slot), _PACE_SPREAD),
        _unmeasured_video() if video is None else _around(video, _VIDEO_SPREAD),
        _around(pace.states_bytes_per_frame or _STATES_BYTES, _STATES_SPREAD),
        pace.describe(),
        pace,
    )


def _around(usual: float, spread: tuple[float, float]) -> Span:
    return Span(usual * spread[0], usual, usual * spread[1])


def _unmeasured_video() -> Span:
    least, most = _SEED_BYTES_PER_FRAME, 2_514.0 * _VIDEO_SPREAD[1]
    return Span(least, (least + most) / 2, most)
