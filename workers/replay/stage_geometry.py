"""The geometry of the six legal stages: floors, platforms, ledges, blast zones, spawn points."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from workers.replay.melee_names import randall_positions, stage_geometry, stage_name

FLOOR_Y = 0.0001
"""The height that the game reports for a fighter on level ground."""

FOUNTAIN, STADIUM, YOSHIS, DREAM_LAND, BATTLEFIELD, FINAL_DESTINATION = 2, 3, 8, 28, 31, 32
"""External ids of the six legal stages, as in a replay's game start."""

LEGAL_STAGES = (FOUNTAIN, STADIUM, YOSHIS, DREAM_LAND, BATTLEFIELD, FINAL_DESTINATION)


class Surface(NamedTuple):
    """A straight piece of ground that fighters stand on, in Melee units; `ground_id` is the game's number."""

    left: float
    right: float
    y_left: float
    y_right: float
    ground_id: int
    is_platform: bool

    def holds(self, x: float) -> bool:
        """Return whether x is above or below this piece of ground."""
        return self.left <= x <= self.right

    def y_at(self, x: float) -> float:
        """Return the height of the ground at x."""
        if self.y_left == self.y_right:
            return self.y_left
        return self.y_left + (self.y_right - self.y_left) * (x - self.left) / (self.right - self.left)


@dataclass(frozen=True)
class Stage:
    """The geometry of one stage; `surfaces` has the floor from left to right, then fixed platforms."""

    stage_id: int
    name: str
    left: float
    right: float
    top: float
    bottom: float
    edge_x: float  # where the floor ends
    ledge_x: float  # where a fighter hangs at the ledge
    depth: float  # of the solid body under the floor
    surfaces: tuple[Surface, ...]
    spawns: tuple[tuple[float, float], tuple[float, float]]
    respawn_y: float


def _floor(edge: float, *inner: tuple[float, int], last_id: int) -> tuple[Surface, ...]:
    """Return a level floor from -edge to edge; `inner` has (x of a piece's end, its ground id), ascending."""
    pieces, left = [], -edge
    for end, ground_id in (*inner, (edge, last_id)):
        pieces.append(Surface(left, end, FLOOR_Y, FLOOR_Y, ground_id, is_platform=False))
        left = end
    return tuple(pieces)


def _floor_of(stage_id: int, edge: float) -> tuple[Surface, ...]:
    if stage_id == YOSHIS:  # the only sloped one: its floor falls off towards both edges
        bend, low = 39.2, -3.5
        return (
            Surface(-edge, -bend, low, FLOOR_Y, 2, is_platform=False),
            Surface(-bend, bend, FLOOR_Y, FLOOR_Y, 3, is_platform=False),
            Surface(bend, edge, FLOOR_Y, low, 6, is_platform=False),
        )
    if stage_id == STADIUM:
        return _floor(edge, (-72.5, 51), (-70.0, 52), (70.0, 34), (72.0, 53), last_id=54)
    if stage_id == DREAM_LAND:
        return _floor(edge, (-67.6, 3), (67.6, 4), last_id=5)
    if stage_id == FINAL_DESTINATION:
        return _floor(edge, (-75.0, 0), (75.0, 1), last_id=2)
    if stage_id == FOUNTAIN:
        return _floor(edge, (-51.0, 3), (51.0, 5), last_id=7)
    return _floor(edge, (-55.0, 0), (55.0, 1), last_id=5)


# Ground ids of the platforms that never move: left, right, top, as far as the stage has them.
_PLATFORM_IDS: dict[int, tuple[int, ...]] = {
    FOUNTAIN: (2,),
    STADIUM: (35, 36),
    YOSHIS: (1, 5, 4),
    DREAM_LAND: (0, 1, 2),
    BATTLEFIELD: (2, 4, 3),
    FINAL_DESTINATION: (),
}

_SPAWNS = {
    FOUNTAIN: ((-41.25, 21.0), (41.25, 27.0)),
    STADIUM: ((-40.0, 32.0), (40.0, 32.0)),
    YOSHIS: ((-42.0, 26.6), (42.0, 28.0)),
    DREAM_LAND: ((-46.6, 37.22), (47.4, 37.3)),
    BATTLEFIELD: ((-38.8, 35.2), (38.8, 35.2)),
    FINAL_DESTINATION: ((-60.0, 10.0), (60.0, 10.0)),
}


def _stage(stage_id: int) -> Stage:
    shape = stage_geometry(stage_id)
    platforms = zip(shape.platforms, _PLATFORM_IDS[stage_id], strict=True)
    return Stage(
        stage_id=stage_id,
        name=stage_name(stage_id).replace("_", " ").title(),
        left=shape.blast_left,
        right=shape.blast_right,
        top=shape.blast_top,
        bottom=shape.blast_bottom,
        edge_x=shape.ground_x,
        ledge_x=shape.edge_x,
        depth=14.0,
        surfaces=(
            *_floor_of(stage_id, shape.ground_x),
            *(
                Surface(one.left, one.right, one.y, one.y, ground_id, is_platform=True)
                for one, ground_id in platforms
            ),
        ),
        spawns=_SPAWNS[stage_id],
        respawn_y=60.0,
    )


STAGES = {stage_id: _stage(stage_id) for stage_id in LEGAL_STAGES}


FOUNTAIN_SIDES = ((-49.5, -21.0), (21.0, 49.5))
FOUNTAIN_STARTS = (20.0, 28.0)
"""The ends of Fountain's two moving platforms, and the heights at which they start."""

RANDALL_PERIOD = 1200
RANDALL_WIDTH = 11.9


@cache
def _randall() -> tuple[Surface, ...]:
    lefts, heights = randall_positions(np.arange(RANDALL_PERIOD))
    return tuple(
        Surface(left, left + RANDALL_WIDTH, y, y, 0, is_platform=True)
        for left, y in zip(lefts.tolist(), heights.tolist(), strict=True)
    )


def randall_at(slp_frame: int) -> Surface:
    """Return Yoshi's cloud in this frame: it carries fighters around the stage once in 1,200 frames."""
    return _randall()[slp_frame % RANDALL_PERIOD]
