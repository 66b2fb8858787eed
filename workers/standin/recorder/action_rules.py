"""The table of rules by which a fighter continues each action, and the function that applies them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from workers.standin.recorder import aerial, defence, grabs, grounded, respawn
from workers.standin.recorder.actions import DAMAGED, DEAD, Act
from workers.standin.recorder.controls import Controls, Scene
from workers.standin.recorder.fighter import Fighter

Rule = Callable[[Fighter, Controls, Scene], None]


def _ground_attack(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue a grounded attack until it ends; a second press of A in a jab adds another jab."""
    grounded.slow_down(fighter, 0.6)
    attack = fighter.attack
    if attack is None or fighter.action_frames >= attack.num_frames:
        fighter.enter(Act.CROUCH if fighter.action == Act.DOWN_TILT and controls.y < -0.5 else Act.WAIT)
    elif fighter.action == Act.JAB_1 and fighter.action_frames > 6 and controls.attacks:
        grounded.start_attack(fighter, Act.JAB_2)


def _damaged(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Reel from a hit until hitstun is over."""
    if fighter.hitstun > 0:
        fighter.hitstun -= 1
    if fighter.airborne:
        aerial.fall_faster(fighter)
        if fighter.hitstun == 0:
            fighter.enter(Act.TUMBLE if fighter.tumbles else Act.FALL)
    else:
        grounded.slow_down(fighter)
        if fighter.hitstun == 0:
            fighter.enter(Act.WAIT)


def _held(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Stay held by another fighter, who decides what happens."""
    if fighter.held_by < 0:
        fighter.enter(Act.FALL if fighter.airborne else Act.WAIT)


def _reach_out(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    grabs.reach_out(fighter)


def _throwing(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Finish a throw; the match itself handles the hold before it."""
    if fighter.grabbing < 0:
        if fighter.action in (Act.GRAB_PULL, Act.GRAB_WAIT):
            fighter.enter(Act.WAIT)
        else:
            grabs.finish_throw(fighter)


_RULES: tuple[tuple[Iterable[int], Rule], ...] = (
    (DEAD, respawn.dead),
    ((Act.REBIRTH, Act.REBIRTH_WAIT), respawn.rebirth),
    ((Act.ENTRY, Act.ENTRY_START, Act.ENTRY_END), respawn.entry),
    ((Act.WAIT, Act.WALK_SLOW, Act.WALK_MIDDLE, Act.WALK_FAST), grounded.wait),
    ((Act.TURN,), grounded.turn),
    ((Act.DASH,), grounded.dash),
    ((Act.RUN,), grounded.run),
    ((Act.RUN_BRAKE,), grounded.run_brake),
    ((Act.JUMP_SQUAT,), grounded.jump_squat),
    ((Act.CROUCH_START, Act.CROUCH, Act.CROUCH_END), grounded.crouch),
    ((Act.LANDING,), grounded.landing),
    ((Act.LANDING_SPECIAL, *range(Act.NEUTRAL_AIR_LANDING, Act.DOWN_AIR_LANDING + 1)), grounded.lagging),
    ((Act.TEETER_START, Act.TEETER), grounded.teeter),
    (range(Act.JUMP_FORWARD, Act.FALL + 1), aerial.free_fall),
    ((Act.TUMBLE, Act.PLATFORM_DROP), aerial.free_fall),
    ((Act.SPECIAL_FALL,), aerial.special_fall),
    ((Act.AIR_DODGE,), aerial.air_dodge),
    (range(Act.JAB_1, Act.NEUTRAL_AIR), _ground_attack),
    (range(Act.NEUTRAL_AIR, Act.DOWN_AIR + 1), aerial.air_attack),
    (DAMAGED, _damaged),
    ((Act.SHIELD_START, Act.SHIELD, Act.SHIELD_STUN), defence.shield),
    ((Act.SHIELD_RELEASE,), defence.shield_release),
    ((Act.SHIELD_BREAK_FLY, Act.SHIELD_BREAK_FALL, Act.SHIELD_BREAK_DIZZY), defence.shield_break),
    ((Act.DOWN_BOUND, Act.DOWN_WAIT), defence.lying),
    ((Act.DOWN_STAND, Act.TECH), defence.get_up),
    ((Act.ROLL_FORWARD, Act.ROLL_BACK, Act.DOWN_ROLL_FORWARD, Act.DOWN_ROLL_BACK), defence.roll),
    ((Act.TECH_FORWARD, Act.TECH_BACK), defence.roll),
    ((Act.SPOT_DODGE,), defence.spot_dodge),
    ((Act.LEDGE_CATCH, Act.LEDGE_WAIT), defence.ledge_hang),
    ((Act.LEDGE_CLIMB, Act.LEDGE_ATTACK, Act.LEDGE_ROLL, Act.LEDGE_JUMP), defence.ledge_leave),
    ((Act.GRAB,), _reach_out),
    ((Act.GRAB_PULL, Act.GRAB_WAIT, *range(Act.THROW_FORWARD, Act.THROW_DOWN + 1)), _throwing),
    ((Act.CAPTURE_PULLED, Act.CAPTURE_WAIT, *range(Act.THROWN_FORWARD, Act.THROWN_FORWARD + 4)), _held),
)
_RULE_OF = {int(action): rule for actions, rule in _RULES for action in actions}


def carry_on(fighter: Fighter, controls: Controls, scene: Scene) -> None:
    """Continue the fighter's action for one frame, according to its pad."""
    rule = _RULE_OF.get(fighter.action)
    if rule is None:  # a special: its action id is the character's own
        rule = aerial.recovery if fighter.action == fighter.character.recover_action else aerial.shoot
    rule(fighter, controls, scene)
