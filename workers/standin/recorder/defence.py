"""The rules of defence: shield, rolls, dodges, techs, getting up, and hanging on the ledge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.standin.recorder import pad as pads
from workers.standin.recorder.actions import Act
from workers.standin.recorder.fighter import FULL_SHIELD, Fighter
from workers.standin.recorder.grounded import land, leave_ground, slow_down
from workers.standin.recorder.moves import LEDGE_ATTACK

if TYPE_CHECKING:
    from workers.standin.recorder.controls import Controls, Scene

SHIELD_DECAY = 0.28
SHIELD_REGROWTH = 0.07
ROLL_FRAMES = 31
SPOT_DODGE_FRAMES = 26
TECH_WINDOW = 20
LEDGE_HANG_FRAMES = 280
LEDGE_LOCK_FRAMES = 40
LEDGE_FRAMES = {Act.LEDGE_CLIMB: 32, Act.LEDGE_ATTACK: 50, Act.LEDGE_ROLL: 48, Act.LEDGE_JUMP: 14}


def shield(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Hold the shield, or leave it in one of the possible ways."""
    slow_down(fighter)
    fighter.shield -= SHIELD_DECAY
    if fighter.shield <= 0:
        break_shield(fighter)
    elif fighter.action == Act.SHIELD_STUN:
        if fighter.action_frames >= fighter.lag_frames:
            fighter.enter(Act.SHIELD)
    elif controls.jumps:
        fighter.enter(Act.JUMP_SQUAT)
    elif controls.pressed & (pads.A | pads.Z):
        fighter.enter(Act.GRAB)
    elif controls.flick_x:
        fighter.enter(Act.ROLL_FORWARD if controls.flick_x == fighter.facing else Act.ROLL_BACK)
    elif controls.flick_y < 0:
        fighter.enter(Act.SPOT_DODGE)
    elif not controls.shields and fighter.action_frames >= 6:
        fighter.enter(Act.SHIELD_RELEASE)
    elif fighter.action == Act.SHIELD_START and fighter.action_frames >= 8:
        fighter.enter(Act.SHIELD)


def break_shield(fighter: Fighter) -> None:
    """Break the shield: the fighter is thrown up into the air, and is dizzy afterwards."""
    fighter.shield = 0.0
    fighter.vx_ground = 0.0
    leave_ground(fighter)
    fighter.vy = 2.0
    fighter.enter(Act.SHIELD_BREAK_FLY)


def shield_release(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue lowering the shield."""
    slow_down(fighter)
    if controls.jumps:
        fighter.enter(Act.JUMP_SQUAT)
    elif fighter.action_frames >= 15:
        fighter.enter(Act.WAIT)


def shield_break(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue flying, falling and standing dizzy after a broken shield."""
    if fighter.airborne:
        fighter.vy = max(fighter.vy - fighter.character.gravity, -fighter.character.fall_speed)
        if fighter.vy < 0 and fighter.action == Act.SHIELD_BREAK_FLY:
            fighter.enter(Act.SHIELD_BREAK_FALL)
        return
    slow_down(fighter)
    if fighter.action != Act.SHIELD_BREAK_DIZZY:
        fighter.enter(Act.SHIELD_BREAK_DIZZY)
    elif fighter.action_frames >= 150:
        fighter.shield = FULL_SHIELD / 2
        fighter.enter(Act.WAIT)


def roll(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue a roll along the ground, from standing or lying; the fighter is mostly invulnerable."""
    frame = fighter.action_frames
    forward = fighter.action in (Act.ROLL_FORWARD, Act.DOWN_ROLL_FORWARD, Act.TECH_FORWARD)
    if frame == 3:
        fighter.intangible_frames = 16
    moves = 3 <= frame < 22
    fighter.vx_ground = (1.9 if forward else -1.9) * fighter.facing if moves else 0.0
    if frame >= ROLL_FRAMES:
        if fighter.action == Act.ROLL_FORWARD:
            fighter.facing = -fighter.facing
        fighter.vx_ground = 0.0
        fighter.enter(Act.WAIT)


def spot_dodge(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue a dodge on the spot, during most of which the fighter is invulnerable."""
    slow_down(fighter)
    if fighter.action_frames == 2:
        fighter.intangible_frames = 14
    if fighter.action_frames >= SPOT_DODGE_FRAMES:
        fighter.enter(Act.WAIT)


def lying(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Bounce off the ground and lie there until getting up or rolling."""
    slow_down(fighter)
    if fighter.action == Act.DOWN_BOUND:
        if fighter.action_frames >= 26:
            fighter.enter(Act.DOWN_WAIT)
    elif abs(controls.x) > 0.5:
        ahead = controls.x * fighter.facing > 0
        fighter.enter(Act.DOWN_ROLL_FORWARD if ahead else Act.DOWN_ROLL_BACK)
    elif controls.y > 0.5 or fighter.action_frames >= 60:
        fighter.enter(Act.DOWN_STAND)


def get_up(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue standing up, or with a tech on the spot."""
    fighter.vx_ground = 0.0
    if fighter.action_frames == 1:
        fighter.intangible_frames = 20
    if fighter.action_frames >= (26 if fighter.action == Act.TECH else 30):
        fighter.enter(Act.WAIT)


def catch_ledge(fighter: Fighter, scene: Scene, side: int) -> None:
    """Grab the ledge at the given side (-1 left, 1 right)."""
    fighter.enter(Act.LEDGE_CATCH)
    fighter.ledge_side = side
    fighter.facing = float(-side)
    fighter.x = side * scene.stage.ledge_x
    fighter.y = -fighter.character.height * 1.1
    fighter.vx_air = fighter.vy = fighter.vx_attack = fighter.vy_attack = 0.0
    fighter.fast_falling = False
    fighter.jumps_left = fighter.character.num_jumps - 1
    fighter.intangible_frames = 37
    fighter.hitstun = 0


def ledge_hang(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Hang on the ledge until the pad says how to leave."""
    if fighter.action == Act.LEDGE_CATCH:
        if fighter.action_frames >= 7:
            fighter.enter(Act.LEDGE_WAIT)
        return
    inward = controls.x * -fighter.ledge_side
    if controls.jumps:
        fighter.enter(Act.LEDGE_JUMP)
    elif controls.pressed & pads.A:
        fighter.enter(Act.LEDGE_ATTACK)
        fighter.attack = LEDGE_ATTACK
    elif controls.shields:
        fighter.enter(Act.LEDGE_ROLL)
    elif controls.y > 0.5 or inward > 0.5:
        fighter.enter(Act.LEDGE_CLIMB)
    elif controls.y < -0.5 or inward < -0.5 or fighter.action_frames >= LEDGE_HANG_FRAMES:
        let_go(fighter)
        fighter.enter(Act.FALL)
    elif fighter.action_frames % 50 == 0:
        fighter.age = 0.0


def let_go(fighter: Fighter) -> None:
    """Let go of the ledge, which cannot be grabbed again for a while."""
    fighter.ledge_side = 0
    fighter.ledge_lock_frames = LEDGE_LOCK_FRAMES
    fighter.airborne = True


def ledge_leave(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue climbing, rolling, attacking or jumping from the ledge."""
    num_frames = LEDGE_FRAMES[Act(fighter.action)]
    side, stage = fighter.ledge_side, scene.stage
    if fighter.action_frames == 1:
        fighter.intangible_frames = num_frames - 4
    if fighter.action == Act.LEDGE_JUMP:
        if fighter.action_frames >= num_frames:
            let_go(fighter)
            fighter.vx_air, fighter.vy = -side * 0.9, fighter.character.full_hop
            fighter.enter(Act.JUMP_FORWARD)
        return
    share = min(1.0, fighter.action_frames / (num_frames * 0.6))
    inward = 22.0 if fighter.action == Act.LEDGE_ROLL else 8.0
    floor_index = 0 if side < 0 else len(stage.surfaces) - 1
    while stage.surfaces[floor_index].is_platform:
        floor_index -= 1
    floor = stage.surfaces[floor_index]
    goal_x = side * (stage.edge_x - inward)
    hang_y = -fighter.character.height * 1.1
    fighter.x = side * stage.ledge_x + (goal_x - side * stage.ledge_x) * max(0.0, share * 2 - 1)
    fighter.y = hang_y + (floor.y_at(side * stage.edge_x) - hang_y) * min(1.0, share * 2)
    if fighter.action_frames >= num_frames:
        fighter.ledge_side = 0
        fighter.ledge_lock_frames = LEDGE_LOCK_FRAMES
        index = next(
            i for i, piece in enumerate(stage.surfaces) if piece.holds(goal_x) and not piece.is_platform
        )
        fighter.y = stage.surfaces[index].y_at(goal_x)
        fighter.vx_air = 0.0
        land(fighter, index, stage.surfaces[index].ground_id)
        fighter.enter(Act.WAIT)
