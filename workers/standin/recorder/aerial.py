"""The rules of actions in the air: drift, jump again, attack, dodge, fall fast, recover."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workers.standin.recorder import pad as pads
from workers.standin.recorder.actions import Act
from workers.standin.recorder.grounded import special, start_attack

if TYPE_CHECKING:
    from workers.standin.recorder.controls import Controls, Scene
    from workers.standin.recorder.fighter import Fighter

AIR_DODGE_FRAMES = 49
AIR_DODGE_SPEED = 3.1
RECOVERY_STARTS, RECOVERY_ENDS = 9, 30
FALL_LOOP = 8
SHOOT_FRAME, SHOOT_FRAMES = 12, 30


def drift(fighter: Fighter, x: float) -> None:
    """Move sideways as the stick says, up to the air speed; with the stick at rest the air slows it down."""
    character = fighter.character
    target = x * character.air_speed
    speed = fighter.vx_air
    if x == 0.0 or abs(speed) > character.air_speed:
        loss = character.air_friction
        fighter.vx_air = 0.0 if abs(speed) <= loss else speed - (loss if speed > 0 else -loss)
    elif speed < target:
        fighter.vx_air = min(target, speed + character.air_acceleration)
    elif speed > target:
        fighter.vx_air = max(target, speed - character.air_acceleration)


def fall_faster(fighter: Fighter) -> None:
    """Apply gravity, up to the fall speed."""
    if fighter.fast_falling:
        fighter.vy = -fighter.character.fast_fall_speed
    else:
        fighter.vy = max(fighter.vy - fighter.character.gravity, -fighter.character.fall_speed)


def _air_attack(fighter: Fighter, controls: Controls) -> None:
    x, y = (controls.c_x, controls.c_y) if controls.c_flicked else (controls.x, controls.y)
    if abs(y) > 0.35 and abs(y) >= abs(x):
        start_attack(fighter, Act.UP_AIR if y > 0 else Act.DOWN_AIR)
    elif abs(x) > 0.35:
        start_attack(fighter, Act.FORWARD_AIR if x * fighter.facing > 0 else Act.BACK_AIR)
    else:
        start_attack(fighter, Act.NEUTRAL_AIR)


def _double_jump(fighter: Fighter, controls: Controls) -> None:
    character = fighter.character
    fighter.jumps_left -= 1
    fighter.fast_falling = False
    fighter.vy = character.double_jump
    fighter.vx_air = controls.x * character.air_speed
    back = controls.x * fighter.facing < -0.3
    fighter.enter(Act.DOUBLE_JUMP_BACK if back else Act.DOUBLE_JUMP_FORWARD)


def _air_dodge(fighter: Fighter, controls: Controls) -> None:
    fighter.enter(Act.AIR_DODGE)
    fighter.fast_falling = False
    length = math.sqrt(controls.x * controls.x + controls.y * controls.y)
    if length > 0.3:
        fighter.vx_air = controls.x / length * AIR_DODGE_SPEED
        fighter.vy = controls.y / length * AIR_DODGE_SPEED
    else:
        fighter.vx_air = fighter.vy = 0.0
    fighter.intangible_frames = 26


def free_fall(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Act freely in the air."""
    if controls.pressed & (pads.LEFT_TRIGGER | pads.RIGHT_TRIGGER):
        _air_dodge(fighter, controls)
        return
    if controls.attacks or controls.pressed & pads.Z:
        _air_attack(fighter, controls)
    elif controls.pressed & pads.B and (controls.y > 0.5 or fighter.character.shot is not None):
        special(fighter, controls)
        return
    elif controls.jumps and fighter.jumps_left > 0:
        _double_jump(fighter, controls)
        return
    glide(fighter, controls, scene)
    if fighter.action == Act.FALL:
        if fighter.action_frames % FALL_LOOP == 0:
            fighter.age = 0.0
    elif fighter.action in (Act.TUMBLE, Act.PLATFORM_DROP):
        if not controls.is_neutral and fighter.action_frames >= 10:
            fighter.enter(Act.FALL)
    elif fighter.vy < 0 and fighter.action_frames >= 24 and fighter.attack is None:
        fighter.enter(Act.FALL)


def glide(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Drift and fall for one frame; a flick of the stick downwards starts a fast fall."""
    drift(fighter, controls.x)
    if controls.flick_y < 0 and fighter.vy < 0:
        fighter.fast_falling = True
        fighter.drop_frames = 2
    elif controls.y < -0.7:
        fighter.drop_frames = 1
    fall_faster(fighter)


def air_attack(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue an aerial attack until it ends or meets the ground."""
    glide(fighter, controls, scene)
    if fighter.attack is not None and fighter.action_frames >= fighter.attack.num_frames:
        fighter.enter(Act.FALL)


def air_dodge(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue an air dodge, after which the fighter is helpless."""
    if fighter.action_frames < 29:
        fighter.vx_air *= 0.9
        fighter.vy *= 0.9
    else:
        glide(fighter, controls, scene)
    if fighter.action_frames >= AIR_DODGE_FRAMES:
        fighter.enter(Act.SPECIAL_FALL)


def special_fall(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Fall helplessly until the ground or a ledge."""
    glide(fighter, controls, scene)
    if fighter.action_frames % FALL_LOOP == 0:
        fighter.age = 0.0


def recovery(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue the up special: charge, fly where the stick points, then fall helplessly."""
    speed = fighter.character.recover_speed
    frame = fighter.action_frames
    if frame < RECOVERY_STARTS:
        fighter.vx_air *= 0.8
        fighter.vy = -0.05
    elif frame == RECOVERY_STARTS:
        length = math.sqrt(controls.x * controls.x + controls.y * controls.y)
        x, y = (controls.x / length, controls.y / length) if length > 0.3 else (0.0, 1.0)
        fighter.vx_air, fighter.vy = x * speed, max(y, 0.2) * speed
        if x:
            fighter.facing = 1.0 if x > 0 else -1.0
    elif frame < RECOVERY_ENDS:
        fighter.vx_air *= 0.985
        fighter.vy *= 0.975
    else:
        fighter.enter(Act.SPECIAL_FALL)


def shoot(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue the neutral special, in the air or on the ground; the match shoots at SHOOT_FRAME."""
    if fighter.airborne:
        drift(fighter, controls.x)
        fall_faster(fighter)
    else:
        fighter.vx_ground *= 0.8
    if fighter.action_frames >= SHOOT_FRAMES:
        fighter.enter(Act.FALL if fighter.airborne else Act.WAIT)
