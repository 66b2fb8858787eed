"""Choose a pilot's script of inputs for each situation except the neutral game."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.standin.recorder import pad as pads
from workers.standin.recorder.actions import Act
from workers.standin.recorder.pad import NEUTRAL, Pad
from workers.standin.recorder.player_view import NEAR, tilt, towards

if TYPE_CHECKING:
    from workers.standin.recorder.dice import Dice
    from workers.standin.recorder.player_view import Script, View


def sit_out(view: View, dice: Dice) -> Script:
    """Do nothing, in situations in which no input has an effect."""
    return [(1, NEUTRAL)]


def step_off(view: View, dice: Dice) -> Script:
    """Leave the respawn platform after a short wait."""
    return [(5 + dice.below(60), NEUTRAL), (3, towards(view.toward_other, dice))]


def reel(view: View, dice: Dice) -> Script:
    """Hold the stick in a way that helps to survive while being sent flying, and tech now and then."""
    inward = -1 if view.me.x > 0 else 1
    drifts = towards(inward, dice, y=dice.pick((0, 0, 60, -60)))
    frames = 4 + dice.below(10)
    over_stage = abs(view.me.x) < view.stage.edge_x and view.me.y > 0
    if over_stage and view.me.tumbles and view.me.y < 25 and view.me.hitstun > 18 and dice.chance(0.5):
        press = drifts._replace(buttons=pads.LEFT_TRIGGER, left=140)
        return [(frames, drifts), (4, press), (2, drifts)]
    return [(frames, drifts)]


def leave_ledge(view: View, dice: Dice) -> Script:
    """Leave the ledge in one of the possible ways, after a short wait."""
    waits = (4 + dice.below(30), NEUTRAL)
    inward = -view.me.ledge_side if view.me.ledge_side else 1
    leaves = dice.weighted(
        (
            (Pad(buttons=pads.X), 3.0),
            (towards(inward, dice), 2.5),
            (Pad(buttons=pads.LEFT_TRIGGER, left=140), 1.5),
            (Pad(buttons=pads.A), 1.5),
            (Pad(main_y=-tilt(dice)), 1.0),
        )
    )
    return [waits, (3, leaves), (2, NEUTRAL)]


def rise(view: View, dice: Dice) -> Script:
    """Get up from lying: stand or roll."""
    ways = (Pad(main_y=tilt(dice)), towards(1, dice), towards(-1, dice))
    return [(5 + dice.below(25), NEUTRAL), (3, dice.pick(ways)), (2, NEUTRAL)]


def throw(view: View, dice: Dice) -> Script:
    """Throw the opponent to any side."""
    ways = (towards(1, dice), towards(-1, dice), Pad(main_y=tilt(dice)), Pad(main_y=-tilt(dice)))
    return [(6 + dice.below(18), NEUTRAL), (3, dice.pick(ways)), (2, NEUTRAL)]


def recover(view: View, dice: Dice) -> Script:
    """Recover to the ledge or over it by drift, jumps and the up special, never in under the floor."""
    me, stage = view.me, view.stage
    side = 1 if me.x > 0 else -1
    goal_x = side * (stage.ledge_x + 4) if me.y < 2 else side * (stage.edge_x - 10)
    dx = goal_x - me.x
    homes = Pad(main_x=_lean(dx, dice))
    if me.action in (Act.SPECIAL_FALL, me.character.recover_action, Act.AIR_DODGE) or me.vy > 0.4:
        return [(3, homes)]
    far = abs(me.x) - stage.edge_x
    if far > 0 and me.jumps_left > 0 and (me.y < -8 or (far > 35 and me.y < 30)):
        return [(3, homes._replace(buttons=pads.X)), (5 + dice.below(8), homes)]
    clear = far > 1.5 or me.y > -stage.depth  # there is no way up from under the floor
    if clear and me.jumps_left == 0 and me.hitstun == 0 and (me.y < -18 or (far > 45 and me.y < 10)):
        up = 6.0 - me.y
        scale = tilt(dice) / max(abs(dx), up)
        aims = Pad(main_x=int(dx * scale), main_y=max(50, int(up * scale)), buttons=pads.B)
        return [(3, aims), (10, aims._replace(buttons=0)), (4, homes)]
    return [(2 + dice.below(3), homes)]


def _lean(dx: float, dice: Dice) -> int:
    """Return the stick towards a place dx to the right: full from afar, gentle when almost there."""
    if abs(dx) < 1.5:
        return 0
    raw = tilt(dice) if abs(dx) > 8 else 45
    return raw if dx > 0 else -raw


def in_the_air(view: View, dice: Dice) -> Script:
    """Act in the air over the stage: hit a near opponent, come down, or go up again."""
    me = view.me
    side = view.toward_other
    if view.is_leaving and dice.chance(0.9):
        return [(3, towards(-1 if me.x > 0 else 1, dice))]
    if me.attack is not None or me.action in (Act.SPECIAL_FALL, Act.AIR_DODGE, me.character.shoot_action):
        return [(3, towards(side if dice.chance(0.7) else -side, dice))]
    if view.will_touch and not view.other.is_out and dice.chance(0.85):
        return _aerial(view, dice)
    return _fly_on(view, dice)


def _fly_on(view: View, dice: Dice) -> Script:
    """Act in the air with nobody in reach: jump again, fall fast, shoot, wavedash, or drift."""
    me = view.me
    side = view.toward_other
    if view.dy > 22 and me.jumps_left > 0 and abs(view.dx) < 50 and me.vy < 0.5 and dice.chance(0.5):
        return [(3, towards(side, dice, pads.X)), (6, towards(side, dice))]
    if me.vy < 0 and not me.fast_falling and dice.chance(0.35):
        return [(1, NEUTRAL), (2, Pad(main_y=-tilt(dice))), (3, towards(side, dice))]
    if me.character.shot is not None and abs(view.dx) > NEAR and dice.chance(0.2):
        return [(1, towards(side, dice)), (2, towards(side, dice, pads.B)), (12, NEUTRAL)]
    # A wavedash, if it meets the ground.
    if me.y < 14 and abs(me.x) < view.stage.edge_x - 25 and dice.chance(0.2):
        down = Pad(main_x=side * 70, main_y=-45, left=140, buttons=pads.LEFT_TRIGGER)
        return [(2, down), (4, NEUTRAL)]
    return [(4 + dice.below(6), towards(side if dice.chance(0.75) else -side, dice))]


def _aerial(view: View, dice: Dice) -> Script:
    """Attack with the aerial that points at the opponent, by C-stick or by A."""
    side = view.toward_other
    if view.dy > 14:
        aim = (0, 1)
    elif view.dy < -8:
        aim = (0, -1)
    else:
        aim = (side, 0)
    if dice.chance(0.25):
        return [(2, Pad(buttons=pads.A)), (6, towards(side, dice))]
    drift = towards(side, dice)
    return [(2, drift._replace(c_x=aim[0] * tilt(dice), c_y=aim[1] * tilt(dice))), (6, drift)]
