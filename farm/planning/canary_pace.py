"""What a canary game measured, and how long the rest of its run takes at that pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.planning.known_paces import MELEE, STANDIN_GAME
from farm.planning.measured_pace import MeasuredPace

if TYPE_CHECKING:
    from datetime import date

    from workers.job import GameResult, RenderSettings


def canary_pace(result: GameResult, settings: RenderSettings, machine: str, today: date) -> MeasuredPace:
    """Return the pace that a canary measured, starts and ends of the emulator included.

    Args:
        result: of the canary, which was committed.
        settings: the run's settings.
        machine: what it ran on, in words.
        today: the day.
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
    """Return how long frames take on so many slots at a canary's pace, as far as their cores allow it.

    A canary runs alone. Where all slots of its machine together need more CPU time than it has, they are as
    much slower.

    Args:
        num_frames: frames that are left to render.
        pace: of one slot that had its machine for itself.
        num_slots: slots of the run.
        cores_per_slot: cores of a machine for each slot on it.
    """
    return num_frames / (num_slots * pace.frames_per_second_on(cores_per_slot))
