"""The rules of movement on the ground: stand, walk, dash, run, crouch, land, leave the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.standin.recorder import pad as pads
from workers.standin.recorder.actions import Act
from workers.standin.recorder.fighter import NO_GROUND, Fighter

if TYPE_CHECKING:
    from workers.standin.recorder.controls import Controls, Scene

WALK_FROM = 0.29
CROUCH_FROM = -0.65
DASH_FRAMES = 14
TURN_FRAMES = 11
BRAKE_FRAMES = 16
LANDING_FRAMES = 4


def slow_down(fighter: Fighter, share: float = 1.0) -> None:
    """Slow down by traction: the ground speed shrinks towards 0."""
    loss = fighter.character.traction * share
    if abs(fighter.vx_ground) <= loss:
        fighter.vx_ground = 0.0
    else:
        fighter.vx_ground -= loss if fighter.vx_ground > 0 else -loss


def leave_ground(fighter: Fighter) -> None:
    """Leave the ground at the present speed, which uses up one jump."""
    fighter.airborne = True
    fighter.ground = -1
    fighter.vx_air = fighter.vx_ground
    fighter.vx_ground = 0.0
    fighter.jumps_left = fighter.character.num_jumps - 1
    fighter.fast_falling = False


def start_attack(fighter: Fighter, action: int) -> None:
    """Begin one of the character's attacks."""
    fighter.enter(action)
    fighter.attack = fighter.character.attacks[int(action)]


def ground_attack(fighter: Fighter, controls: Controls) -> None:
    """Begin the ground attack chosen by A or the C-stick."""
    if controls.c_flicked:
        if abs(controls.c_x) >= abs(controls.c_y):
            fighter.facing = 1.0 if controls.c_x > 0 else -1.0
            start_attack(fighter, Act.FORWARD_SMASH)
        else:
            start_attack(fighter, Act.UP_SMASH if controls.c_y > 0 else Act.DOWN_SMASH)
    elif controls.y > 0.5:
        start_attack(fighter, Act.UP_TILT)
    elif controls.y < -0.5:
        start_attack(fighter, Act.DOWN_TILT)
    elif abs(controls.x) > WALK_FROM:
        fighter.facing = 1.0 if controls.x > 0 else -1.0
        start_attack(fighter, Act.FORWARD_TILT)
    else:
        start_attack(fighter, Act.JAB_1)


def special(fighter: Fighter, controls: Controls) -> None:
    """Begin the special chosen by B: shooting or, with the stick up, the recovery move."""
    if controls.y > 0.5:
        fighter.enter(fighter.character.recover_action)
        fighter.vy = 0.0
        if not fighter.airborne:
            leave_ground(fighter)
        fighter.jumps_left = 0
    elif fighter.character.shot is not None:
        if abs(controls.x) > WALK_FROM:
            fighter.facing = 1.0 if controls.x > 0 else -1.0
        fighter.enter(fighter.character.shoot_action)


def common_options(fighter: Fighter, controls: Controls) -> bool:
    """Begin the action that the pad asks for, if it is possible on the ground; return whether it began."""
    if controls.pressed & pads.Z:
        fighter.enter(Act.GRAB)
    elif controls.attacks:
        if fighter.action in (Act.DASH, Act.RUN) and not controls.c_flicked:
            start_attack(fighter, Act.DASH_ATTACK)
        else:
            ground_attack(fighter, controls)
    elif controls.pressed & pads.B and (controls.y > 0.5 or fighter.character.shot is not None):
        special(fighter, controls)
    elif controls.jumps:
        fighter.enter(Act.JUMP_SQUAT)
    elif controls.shields:
        fighter.enter(Act.SHIELD_START)
    else:
        return False
    return True


def _start_dash(fighter: Fighter, side: int) -> None:
    fighter.facing = float(side)
    fighter.enter(Act.DASH)
    fighter.vx_ground = side * fighter.character.dash_speed


def wait(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Stand or walk; every action may begin from here."""
    if common_options(fighter, controls):
        return
    surface = scene.moment.surfaces[fighter.ground]
    if controls.flick_y < 0 and surface.is_platform:
        leave_ground(fighter)
        fighter.enter(Act.PLATFORM_DROP)
        fighter.drop_frames = 8
        fighter.vy = -0.5
    elif controls.y < CROUCH_FROM:
        fighter.enter(Act.CROUCH_START)
    elif controls.flick_x:
        _start_dash(fighter, controls.flick_x)
    elif abs(controls.x) >= WALK_FROM:
        _walk(fighter, controls)
        return
    elif fighter.action != Act.WAIT or fighter.action_frames >= 90:
        fighter.enter(Act.WAIT)
    slow_down(fighter)


def _walk(fighter: Fighter, controls: Controls) -> None:
    side = 1.0 if controls.x > 0 else -1.0
    if side != fighter.facing:
        fighter.facing = side
        fighter.enter(Act.TURN)
        slow_down(fighter)
        return
    target = controls.x * fighter.character.walk_speed
    change = max(-0.12, min(0.12, target - fighter.vx_ground))
    fighter.vx_ground += change
    share = abs(controls.x)
    pace = Act.WALK_SLOW if share < 0.5 else Act.WALK_MIDDLE if share < 0.85 else Act.WALK_FAST
    if fighter.action != pace:
        fighter.enter(pace)
    fighter.age_step = 0.25 + abs(fighter.vx_ground)


def turn(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Turn on the spot; a flick of the stick turns this into a dash."""
    slow_down(fighter)
    if controls.flick_x:
        _start_dash(fighter, controls.flick_x)
    elif not common_options(fighter, controls) and fighter.action_frames >= TURN_FRAMES:
        fighter.enter(Act.WAIT)


def dash(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Dash, which becomes a run; a flick backwards dashes the other way."""
    side = controls.flick_x
    if side and side != fighter.facing:
        _start_dash(fighter, side)
    elif common_options(fighter, controls):
        return
    elif fighter.action_frames >= DASH_FRAMES:
        fighter.enter(Act.RUN if controls.x * fighter.facing > 0.6 else Act.WAIT)
    elif controls.x * fighter.facing < WALK_FROM:
        slow_down(fighter)


def run(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Run as long as the stick is held forward."""
    if common_options(fighter, controls):
        return
    if controls.x * fighter.facing > 0.6:
        target = fighter.facing * fighter.character.run_speed
        fighter.vx_ground += max(-0.15, min(0.15, target - fighter.vx_ground))
        fighter.age_step = abs(fighter.vx_ground) * 0.43
        if fighter.age > 20:
            fighter.age -= 20
    else:
        fighter.enter(Act.RUN_BRAKE)


def run_brake(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Brake from a run until standing."""
    slow_down(fighter, 1.3)
    if controls.jumps:
        fighter.enter(Act.JUMP_SQUAT)
    elif fighter.action_frames >= BRAKE_FRAMES:
        fighter.enter(Act.WAIT)


def jump_squat(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Bend the knees before a jump, which is a full one if the button is still held at the end."""
    slow_down(fighter)
    character = fighter.character
    if fighter.action_frames < character.jump_squat:
        return
    drift = fighter.vx_ground * 0.8 + controls.x * character.jump_x
    leave_ground(fighter)
    fighter.vx_air = max(-character.air_speed * 1.8, min(character.air_speed * 1.8, drift))
    is_full = bool(controls.held & (pads.X | pads.Y))
    fighter.vy = character.full_hop if is_full else character.short_hop
    back = controls.x * fighter.facing < -WALK_FROM
    fighter.enter(Act.JUMP_BACK if back else Act.JUMP_FORWARD)


def crouch(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Crouch down, stay there, and get up again."""
    slow_down(fighter)
    if fighter.action == Act.CROUCH_END:
        if not common_options(fighter, controls) and fighter.action_frames >= 9:
            fighter.enter(Act.WAIT)
    elif common_options(fighter, controls):
        return
    elif controls.y > CROUCH_FROM:
        fighter.enter(Act.CROUCH_END)
    elif fighter.action == Act.CROUCH_START and fighter.action_frames >= 7:
        fighter.enter(Act.CROUCH)


def landing(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue a landing, from which the fighter may act after a few frames."""
    slow_down(fighter)
    if fighter.action_frames >= LANDING_FRAMES:
        wait(fighter, controls, scene)


def lagging(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue a landing that nothing can interrupt."""
    slow_down(fighter)
    if fighter.action_frames >= fighter.lag_frames:
        fighter.enter(Act.WAIT)


def teeter(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Teeter at the edge of the ground."""
    fighter.vx_ground = 0.0
    if fighter.action == Act.TEETER_START and fighter.action_frames >= 8:
        fighter.enter(Act.TEETER)
    if controls.x * fighter.facing > WALK_FROM:
        fighter.vx_ground = fighter.facing * fighter.character.walk_speed
        leave_ground(fighter)
        fighter.enter(Act.FALL)
    elif not controls.is_neutral:
        wait(fighter, controls, scene)


def land(fighter: Fighter, surface_index: int, ground_id: int) -> None:
    """Put the fighter on the ground: set its ground speed, restore its jumps. The caller sets the action."""
    fighter.airborne = False
    fighter.ground = surface_index
    fighter.ground_id = ground_id if ground_id >= 0 else NO_GROUND
    fighter.vx_ground = fighter.vx_air
    fighter.vy = 0.0
    fighter.fast_falling = False
    fighter.jumps_left = fighter.character.num_jumps
