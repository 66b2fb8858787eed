"""Turns what a canary game measured into a pace, and into the time that the rest of its run takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.planning.known_paces import MELEE, STANDIN_GAME
from farm.planning.measured_pace import MeasuredPace

if TYPE_CHECKING:
    from datetime import date

    from workers.job import GameResult, RenderSettings


def canary_pace(result: GameResult, settings: RenderSettings, machine: str, today: date) -> MeasuredPace:
    """Return the pace that a canary measured, including starts and ends of the emulator.

    Args:
        result: the result of the canary, which was committed.
        settings: the run's settings.
        machine: the machine that the canary ran on, in words.
        today: the day of the measurement.
    """
    is_standin = settings.slippi is None or settings.slippi.is_standin
    frames = result.num_frames
    return MeasuredPace(
        origin="canary",
        emulator=settings.emulator,
        game=STANDIN_GAME if is_standin else MELEE,
        renderer=result.renderer,
        machine=machine,
        slots=1,
        num_frames=frames,
        frames_per_second=frames / result.wall_seconds,
        cpu_seconds_per_1000_frames=1000 * result.cpu_seconds / frames,
        video_bytes_per_frame=result.video_bytes / frames,
        states_bytes_per_frame=result.states_bytes / frames,
        measured_on=today.isoformat(),
    )


def seconds_left(num_frames: int, pace: MeasuredPace, num_slots: int, cores_per_slot: float) -> float:
    """Return how many seconds frames take on some slots at a canary's pace, if their cores allow it.

    A canary runs alone. If all slots of a machine together need more CPU time than the machine has, they are
    slower by that factor.

    Args:
        num_frames: frames that are left to render.
        pace: the pace of one slot that had its machine for itself.
        num_slots: number of slots of the run.
        cores_per_slot: number of cores of a machine for each slot on it.
    """
    return num_frames / (num_slots * pace.frames_per_second_on(cores_per_slot))
