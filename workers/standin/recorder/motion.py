"""Move a fighter by its speeds, and handle contact with the stage: ground, edges, walls, ledges, death."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workers.standin.recorder import pad as pads
from workers.standin.recorder.actions import Act
from workers.standin.recorder.defence import TECH_WINDOW, catch_ledge
from workers.standin.recorder.grounded import land, leave_ground
from workers.standin.recorder.stage_script import WIND_LEFT, WIND_NONE

if TYPE_CHECKING:
    from workers.replay.stage_geometry import Surface
    from workers.standin.recorder.controls import Controls, Scene
    from workers.standin.recorder.fighter import Fighter

KNOCKBACK_DECAY = 0.051  # units per frame, every frame in the air
LEDGE_REACH_X = 12.0
LEDGE_REACH_Y = (-18.0, -1.0)
L_CANCEL_WINDOW = 7
WIND_SPEED = 0.25
PUSH_SPEED = 0.35
PUSH_SHARE = 0.9  # share of both half widths

_WALKS_OFF = frozenset({Act.DASH, Act.RUN, Act.RUN_BRAKE, Act.JUMP_SQUAT, Act.LANDING, Act.LANDING_SPECIAL})
_TEETERS = frozenset({Act.WAIT, Act.WALK_SLOW, Act.WALK_MIDDLE, Act.WALK_FAST, Act.TURN})
_CANNOT_CATCH = frozenset(
    {Act.AIR_DODGE, Act.SHIELD_BREAK_FLY, Act.SHIELD_BREAK_FALL, Act.REBIRTH, Act.REBIRTH_WAIT}
)


def decay_knockback(fighter: Fighter) -> None:
    """Reduce the launch speed along its own direction; on the ground by traction."""
    vx, vy = fighter.vx_attack, fighter.vy_attack
    if vx == 0.0 and vy == 0.0:
        return
    loss = KNOCKBACK_DECAY if fighter.airborne else fighter.character.traction
    speed = math.sqrt(vx * vx + vy * vy)
    if speed <= loss:
        fighter.vx_attack = fighter.vy_attack = 0.0
    else:
        fighter.vx_attack -= vx / speed * loss
        fighter.vy_attack -= vy / speed * loss


def move_grounded(fighter: Fighter, scene: Scene) -> None:
    """Move along the ground, onto its next piece, or off its end."""
    fighter.vy_attack = 0.0
    fighter.vx_air = fighter.vx_ground
    surfaces = scene.moment.surfaces
    here = surfaces[fighter.ground]
    carried = here.left - scene.previous.surfaces[fighter.ground].left
    wind = 0.0
    if scene.moment.wind != WIND_NONE and not here.is_platform:
        wind = -WIND_SPEED if scene.moment.wind == WIND_LEFT else WIND_SPEED
    fighter.x += fighter.vx_ground + fighter.vx_attack + carried + wind
    if not here.holds(fighter.x) and not _step_over(fighter, scene):
        return
    here = surfaces[fighter.ground]
    fighter.y = here.y_at(fighter.x)
    fighter.ground_id = here.ground_id


def _step_over(fighter: Fighter, scene: Scene) -> bool:
    """Pass the end of a piece of ground: go on to the next, stop at the edge, or fall off (False)."""
    surfaces = scene.moment.surfaces
    here = surfaces[fighter.ground]
    side = 1 if fighter.x > here.right else -1
    if not here.is_platform:
        neighbour = fighter.ground + side
        if 0 <= neighbour < len(surfaces) and not surfaces[neighbour].is_platform:
            fighter.ground = neighbour
            return True
    slides = fighter.action in _WALKS_OFF or fighter.hitstun > 0
    if slides and fighter.held_by < 0:
        leave_ground(fighter)
        if fighter.hitstun == 0:
            fighter.enter(Act.FALL)
        return False
    fighter.x = here.right if side > 0 else here.left
    fighter.vx_ground = fighter.vx_attack = 0.0
    if fighter.action in _TEETERS and fighter.facing == side:
        fighter.enter(Act.TEETER_START)
    return True


def move_airborne(fighter: Fighter, scene: Scene, controls: Controls) -> None:
    """Move through the air, and handle contact with the stage."""
    old_x, old_y = fighter.x, fighter.y
    fighter.x += fighter.vx_air + fighter.vx_attack
    fighter.y += fighter.vy + fighter.vy_attack
    if _lands(fighter, scene, old_x, old_y):
        return
    _bump_into_stage(fighter, scene, old_x, old_y)
    _reach_for_ledge(fighter, scene, controls)


def _lands(fighter: Fighter, scene: Scene, old_x: float, old_y: float) -> bool:
    if fighter.action in (Act.REBIRTH, Act.REBIRTH_WAIT) or fighter.held_by >= 0:
        return False
    best, best_y = -1, -1e9
    for index, surface in enumerate(scene.moment.surfaces):
        x = fighter.x
        if not surface.holds(x) or (surface.is_platform and fighter.drop_frames > 0):
            continue
        y = surface.y_at(x)
        if fighter.y <= y and old_y >= _height_before(surface, index, old_x, fighter.x, scene) and y > best_y:
            best, best_y = index, y
    if best < 0:
        return False
    fighter.y = best_y
    _touch_down(fighter, scene, best)
    return True


def _height_before(surface: Surface, index: int, old_x: float, x: float, scene: Scene) -> float:
    """Return the height of the ground under the fighter a frame ago, minus a little to be surely below it.

    A platform may have moved; a floor may slope, and the fighter may come from its neighbouring piece.
    """
    if surface.is_platform:
        before = scene.previous.surfaces[index]
        return (before if before.holds(x) else surface).y_at(x) - 0.01
    for piece in scene.stage.surfaces:
        if piece.holds(old_x) and not piece.is_platform:
            return piece.y_at(old_x) - 0.01
    return surface.y_at(x) - 0.01


def _touch_down(fighter: Fighter, scene: Scene, index: int) -> None:
    action, attack = fighter.action, fighter.attack
    fast = fighter.vy + fighter.vy_attack
    was_tumbling = fighter.action == Act.TUMBLE or (fighter.hitstun > 0 and fighter.tumbles)
    land(fighter, index, scene.moment.surfaces[index].ground_id)
    if was_tumbling:
        _meet_ground_tumbling(fighter)
    elif fighter.hitstun > 0:
        fighter.vy_attack = 0.0
    elif attack is not None and attack.is_aerial:
        cancelled = fighter.frames_since_trigger < L_CANCEL_WINDOW
        fighter.l_cancel = 1 if cancelled else 2
        fighter.lag_frames = max(2, attack.landing_lag // 2 if cancelled else attack.landing_lag)
        fighter.enter(
            action + Act.NEUTRAL_AIR_LANDING - Act.NEUTRAL_AIR, length=fighter.lag_frames, spans=30.0
        )
    elif action in (Act.AIR_DODGE, Act.SPECIAL_FALL):
        fighter.lag_frames = 10 if action == Act.AIR_DODGE else 22
        fighter.enter(Act.LANDING_SPECIAL, length=fighter.lag_frames, spans=30.0)
        fighter.intangible_frames = 0
    elif action in (Act.SHIELD_BREAK_FLY, Act.SHIELD_BREAK_FALL):
        fighter.enter(Act.SHIELD_BREAK_DIZZY)
    elif fast > -1.0 and action == Act.FALL:
        fighter.enter(Act.WAIT)
    else:
        fighter.enter(Act.LANDING)


def _meet_ground_tumbling(fighter: Fighter) -> None:
    """Tech if the trigger was pressed in time, else bounce and lie there."""
    fighter.vx_attack = fighter.vy_attack = 0.0
    fighter.hitstun = 0
    fighter.tumbles = False
    if fighter.frames_since_trigger < TECH_WINDOW:
        x = pads.stick(fighter.pad.main_x) * fighter.facing
        fighter.vx_ground = 0.0
        fighter.enter(Act.TECH if abs(x) < 0.4 else Act.TECH_FORWARD if x > 0 else Act.TECH_BACK)
        fighter.intangible_frames = 20
    else:
        fighter.vx_ground *= 0.5
        fighter.enter(Act.DOWN_BOUND)


def _bump_into_stage(fighter: Fighter, scene: Scene, old_x: float, old_y: float) -> None:
    """Stop a fighter at the solid body under the floor, from the side and from below."""
    stage = scene.stage
    edge = stage.edge_x
    low = stage.surfaces[0].y_left
    if not (-stage.depth < fighter.y < low - 0.5 and abs(fighter.x) < edge):
        return
    if old_y <= -stage.depth:
        fighter.y = -stage.depth
        fighter.vy = min(fighter.vy, 0.0)
        fighter.vy_attack = min(fighter.vy_attack, 0.0)
    elif abs(old_x) >= edge - 0.001:
        fighter.x = edge if old_x > 0 else -edge
        fighter.vx_air = fighter.vx_attack = 0.0
    else:  # pushed in from above between two frames: put it back onto the ground
        fighter.x = edge if fighter.x > 0 else -edge


def _reach_for_ledge(fighter: Fighter, scene: Scene, controls: Controls) -> None:
    recovers = fighter.action == fighter.character.recover_action
    if (
        (fighter.vy > 0 and not recovers)
        or fighter.hitstun > 0
        or fighter.ledge_lock_frames > 0
        or fighter.attack is not None
    ):
        return
    if fighter.action in _CANNOT_CATCH or controls.y < -0.5 or fighter.follower:
        return
    side = 1 if fighter.x > 0 else -1
    beyond = fighter.x * side - scene.stage.edge_x
    low, high = LEDGE_REACH_Y
    faces = fighter.facing == -side or recovers or fighter.action == Act.SPECIAL_FALL
    if faces and -0.5 < beyond < LEDGE_REACH_X and low < fighter.y < high:
        catch_ledge(fighter, scene, side)


def push_apart(one: Fighter, other: Fighter, scene: Scene) -> None:
    """Push apart two fighters who stand in the same place on the same ground, but not over an edge."""
    if one.airborne or other.airborne or one.ground != other.ground or one.held_by >= 0 or other.held_by >= 0:
        return
    if one.hitlag > 0 or other.hitlag > 0:
        return
    apart = other.x - one.x
    if abs(apart) >= (one.width + other.width) * PUSH_SHARE:
        return
    side = 1.0 if apart > 0 or (apart == 0 and one.port < other.port) else -1.0
    ground = scene.moment.surfaces[one.ground]
    for fighter, way in ((one, -side), (other, side)):
        x = fighter.x + way * PUSH_SPEED
        if ground.holds(x):
            fighter.x = x
            fighter.y = ground.y_at(x)


def out_of_bounds(fighter: Fighter, scene: Scene) -> int | None:
    """Return the kind of death at this position, or None. Above the top only a launched fighter dies."""
    stage = scene.stage
    if fighter.y < stage.bottom:
        return Act.DEAD_DOWN
    if fighter.x < stage.left:
        return Act.DEAD_LEFT
    if fighter.x > stage.right:
        return Act.DEAD_RIGHT
    if fighter.y > stage.top and fighter.vy_attack > 0.5:
        return Act.DEAD_UP_STAR
    return None
