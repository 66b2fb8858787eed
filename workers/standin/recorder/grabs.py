"""The rules of grabs and throws, in which two fighters act together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.standin.recorder import combat
from workers.standin.recorder.actions import Act
from workers.standin.recorder.grounded import leave_ground, slow_down
from workers.standin.recorder.moves import THROWS

if TYPE_CHECKING:
    from workers.standin.recorder.controls import Controls
    from workers.standin.recorder.fighter import Fighter

GRAB_FRAMES = 30
GRAB_ACTIVE = range(7, 9)
GRAB_REACH = 9.0
HOLD_DISTANCE = 8.0
PULL_FRAMES = 7
HOLDS_FOR_FRAMES = 50  # plus a frame for every two percent


def reach_out(fighter: Fighter) -> None:
    """Continue a grab for one frame; `seize` catches the victim."""
    slow_down(fighter)
    if fighter.action_frames >= GRAB_FRAMES:
        fighter.enter(Act.WAIT)


def seize(fighter: Fighter, victim: Fighter) -> None:
    """Grab a victim that stands in front of the hands, if there is one."""
    if fighter.action != Act.GRAB or fighter.action_frames not in GRAB_ACTIVE:
        return
    if victim.airborne or not combat.can_be_hit(victim) or victim.held_by >= 0 or victim.grabbing >= 0:
        return
    x = fighter.x + fighter.facing * GRAB_REACH
    if not combat.touches(x, fighter.y + fighter.character.height * 0.5, 5.0, victim):
        return
    fighter.enter(Act.GRAB_PULL)
    fighter.grabbing = victim.port
    fighter.vx_ground = victim.vx_ground = 0.0
    victim.held_by = fighter.port
    victim.hitstun = 0
    victim.facing = -fighter.facing
    victim.enter(Act.CAPTURE_PULLED)


def let_loose(fighter: Fighter, victim: Fighter) -> None:
    """Free both fighters and push them apart."""
    fighter.grabbing = victim.held_by = -1
    for one in (fighter, victim):
        if not one.airborne:
            one.vx_ground = -one.facing * 0.9
            one.enter(Act.WAIT)


def hold(fighter: Fighter, victim: Fighter, controls: Controls) -> None:
    """Continue holding or throwing for one frame; the victim is carried along."""
    if victim.held_by != fighter.port or victim.is_out:
        fighter.grabbing = -1
        if not fighter.airborne:
            fighter.enter(Act.WAIT)
        return
    fighter.vx_ground = 0.0
    frame = fighter.action_frames
    if fighter.action == Act.GRAB_PULL:
        if frame >= PULL_FRAMES:
            fighter.enter(Act.GRAB_WAIT)
            victim.enter(Act.CAPTURE_WAIT)
    elif fighter.action == Act.GRAB_WAIT:
        if max(abs(controls.x), abs(controls.y)) > 0.5:
            _start_throw(fighter, victim, controls)
        elif frame >= HOLDS_FOR_FRAMES + victim.percent / 2:
            let_loose(fighter, victim)
            return
    else:
        throw = THROWS.get(fighter.action)
        if throw is None:
            let_loose(fighter, victim)
            return
        if frame >= throw.first_active:
            _release(fighter, victim)
            return
    victim.x = fighter.x + fighter.facing * HOLD_DISTANCE
    victim.y = fighter.y
    victim.ground, victim.ground_id = fighter.ground, fighter.ground_id


def _start_throw(fighter: Fighter, victim: Fighter, controls: Controls) -> None:
    if abs(controls.y) > abs(controls.x):
        throw = Act.THROW_UP if controls.y > 0 else Act.THROW_DOWN
    else:
        throw = Act.THROW_FORWARD if controls.x * fighter.facing > 0 else Act.THROW_BACK
    fighter.enter(throw)
    victim.enter(Act.THROWN_FORWARD + throw - Act.THROW_FORWARD)


def _release(fighter: Fighter, victim: Fighter) -> None:
    throw = THROWS[fighter.action]
    fighter.grabbing = victim.held_by = -1
    if not victim.airborne:
        leave_ground(victim)
    victim.y += 2.0
    combat.hit(victim, throw, fighter.facing, fighter)
    victim.hitlag = 0


def finish_throw(fighter: Fighter) -> None:
    """Continue a throw's animation after the victim was let go."""
    slow_down(fighter)
    if fighter.action_frames >= THROWS[fighter.action].num_frames:
        fighter.enter(Act.WAIT)
