"""Simulate the moving parts of stages: Fountain's platforms, Whispy's wind, Stadium's transformations.

They depend only on the seed and the frame, so a frame that is simulated again finds the stage as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from manifests.state.schema import FIRST_SLP_FRAME
from workers.replay.stage_geometry import (
    DREAM_LAND,
    FOUNTAIN,
    FOUNTAIN_SIDES,
    FOUNTAIN_STARTS,
    STADIUM,
    YOSHIS,
    Stage,
    Surface,
    randall_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.standin.recorder.dice import Dice

RIGHT_PLATFORM, LEFT_PLATFORM = 0, 1  # the numbers in event 0x3F
WIND_NONE, WIND_LEFT, WIND_RIGHT = 0, 1, 2
_TRANSFORMATIONS = (3, 4, 6, 9)  # fire, grass, rock, water
_NORMAL = 5
_WIND_FRAMES = 274  # length of every gust in real recordings


class Moment(NamedTuple):
    """The moving parts of a stage in one frame."""

    surfaces: tuple[Surface, ...]
    platform_moves: tuple[tuple[int, float], ...]  # (which, new height) of the Fountain platforms that moved
    wind: int
    transformation: tuple[int, int]  # Stadium: (event, type)


class StageScript:
    """The moments of one match, which are computed when they are first asked for."""

    def __init__(self, stage: Stage, dice: Dice) -> None:
        self._moments: list[Moment] = []
        self._source = _moments(stage, dice)

    def at(self, slp_frame: int) -> Moment:
        """Return the stage in this frame; frames before -123 have the stage of -123."""
        index = max(0, slp_frame - FIRST_SLP_FRAME)
        while len(self._moments) <= index:
            self._moments.append(next(self._source))
        return self._moments[index]


def _moments(stage: Stage, dice: Dice) -> Iterator[Moment]:
    if stage.stage_id == FOUNTAIN:
        yield from _fountain(stage, dice)
    slp_frame = FIRST_SLP_FRAME
    winds = _winds(dice)
    screens = _screens(dice)
    while True:
        surfaces = (*stage.surfaces, randall_at(slp_frame)) if stage.stage_id == YOSHIS else stage.surfaces
        wind = next(winds) if stage.stage_id == DREAM_LAND else WIND_NONE
        screen = next(screens) if stage.stage_id == STADIUM else (0, _NORMAL)
        yield Moment(surfaces, (), wind, screen)
        slp_frame += 1


def _fountain(stage: Stage, dice: Dice) -> Iterator[Moment]:
    was_left, was_right = FOUNTAIN_STARTS
    left, right = _heights(was_left, dice), _heights(was_right, dice)
    while True:
        at_left, at_right = next(left), next(right)
        moves = []
        if at_right != was_right:
            moves.append((RIGHT_PLATFORM, at_right))
        if at_left != was_left:
            moves.append((LEFT_PLATFORM, at_left))
        was_left, was_right = at_left, at_right
        platforms = (
            Surface(*FOUNTAIN_SIDES[0], at_left, at_left, 0, is_platform=True),
            Surface(*FOUNTAIN_SIDES[1], at_right, at_right, 1, is_platform=True),
        )
        yield Moment((*stage.surfaces, *platforms), tuple(moves), WIND_NONE, (0, _NORMAL))


def _heights(start: float, dice: Dice) -> Iterator[float]:
    """Yield the height of one Fountain platform, frame by frame: it rests and moves in turn."""
    height = start
    rest = 240 + dice.below(240)
    while True:
        for _ in range(rest):
            yield height
        target = dice.between(6.0, 34.0)
        speed = dice.pick((0.10, 0.15, 0.20))
        num_steps = int(abs(target - height) / speed)
        step = speed if target > height else -speed
        for _ in range(num_steps):
            height += step
            yield height
        rest = 60 + dice.below(300)


def _winds(dice: Dice) -> Iterator[int]:
    calm = 450 + dice.below(400)
    while True:
        for _ in range(calm):
            yield WIND_NONE
        side = dice.pick((WIND_LEFT, WIND_RIGHT))
        for _ in range(_WIND_FRAMES):
            yield side
        calm = 500 + dice.below(700)


def _screens(dice: Dice) -> Iterator[tuple[int, int]]:
    """Yield Stadium's (event, type), frame by frame: it transforms and changes back, over and over."""
    shown = _NORMAL
    rest = 500 + dice.below(500)
    while True:
        for _ in range(rest):
            yield 0, shown
        shown = dice.pick(_TRANSFORMATIONS) if shown == _NORMAL else _NORMAL
        for event, num_frames in ((2, 2), (3, 150), (4, 90), (5, 90), (6, 2)):
            for _ in range(num_frames):
                yield event, shown
        rest = 900 + dice.below(600)
