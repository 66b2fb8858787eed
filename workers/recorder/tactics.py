"""What to do in each situation of a match, as scripts for the hands: (frames, pad) one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workers.recorder import pad as pads
from workers.recorder.actions import Act
from workers.recorder.pad import NEUTRAL, Pad

if TYPE_CHECKING:
    from workers.recorder.dice import Dice
    from workers.recorder.fighter import Fighter
    from workers.recorder.stage_geometry import Stage

Script: TypeAlias = list[tuple[int, Pad]]

CLOSE = 16.0
NEAR = 36.0
FULL_TILT = 80


@dataclass(frozen=True)
class View:
    """What a player sees: itself, the other, the stage."""

    me: Fighter
    other: Fighter
    stage: Stage

    @property
    def dx(self) -> float:
        """How far the other is to the right."""
        return self.other.x - self.me.x

    @property
    def dy(self) -> float:
        """How far the other is above."""
        return self.other.y - self.me.y

    @property
    def toward_other(self) -> int:
        """1 if the other is to the right, else -1."""
        return 1 if self.dx >= 0 else -1

    @property
    def is_off_stage(self) -> bool:
        """Beyond the edge, or under the floor."""
        return abs(self.me.x) > self.stage.edge_x + 1 or self.me.y < -6

    @property
    def is_threatened(self) -> bool:
        """The other swings close by, or shoots from the front."""
        other = self.other
        swings = other.attack is not None and not other.attack_connected
        shoots = other.action == other.character.shoot_action
        return (swings and abs(self.dx) < NEAR and abs(self.dy) < 25) or (shoots and abs(self.dy) < 12)


def _tilt(dice: Dice, full: int = FULL_TILT) -> int:
    """Nobody's stick rests at the same place twice."""
    return full + dice.below(24)


def towards(side: int, dice: Dice, buttons: int = 0, y: int = 0) -> Pad:
    """The stick held to a side (-1 or 1; 0 for neither), with buttons."""
    return Pad(main_x=side * _tilt(dice), main_y=y, buttons=buttons)


def _analog(dice: Dice, buttons: int) -> int:
    return 140 if buttons else 60 + dice.below(80)


def reel(view: View, dice: Dice) -> Script:
    """Sent flying: the stick to survive, and now and then a tech."""
    inward = -1 if view.me.x > 0 else 1
    drifts = towards(inward, dice, y=dice.pick((0, 0, 60, -60)))
    frames = 4 + dice.below(10)
    if view.me.tumbles and view.me.y < 25 and dice.chance(0.5):
        press = drifts._replace(buttons=pads.LEFT_TRIGGER, left=140)
        return [(frames, drifts), (4, press), (2, drifts)]
    return [(frames, drifts)]


def leave_ledge(view: View, dice: Dice) -> Script:
    """One of the ways off the ledge, after a look."""
    waits = (4 + dice.below(30), NEUTRAL)
    inward = -view.me.ledge_side if view.me.ledge_side else 1
    leaves = dice.weighted(
        (
            (Pad(buttons=pads.X), 3.0),
            (towards(inward, dice), 2.5),
            (Pad(buttons=pads.LEFT_TRIGGER, left=140), 1.5),
            (Pad(buttons=pads.A), 1.5),
            (Pad(main_y=-_tilt(dice)), 1.0),
        )
    )
    return [waits, (3, leaves), (2, NEUTRAL)]


def rise(dice: Dice) -> Script:
    """Up from lying: stand or roll."""
    ways = (Pad(main_y=_tilt(dice)), towards(1, dice), towards(-1, dice))
    return [(5 + dice.below(25), NEUTRAL), (3, dice.pick(ways)), (2, NEUTRAL)]


def throw(dice: Dice) -> Script:
    """Out of a grab: a throw to any side."""
    ways = (towards(1, dice), towards(-1, dice), Pad(main_y=_tilt(dice)), Pad(main_y=-_tilt(dice)))
    return [(6 + dice.below(18), NEUTRAL), (3, dice.pick(ways)), (2, NEUTRAL)]


def recover(view: View, dice: Dice) -> Script:
    """Back to the stage: drift, the last jumps, the up special."""
    me, stage = view.me, view.stage
    inward = -1 if me.x > 0 else 1
    if me.action in (Act.SPECIAL_FALL, me.character.recover_action, Act.AIR_DODGE) or me.vy > 0.4:
        return [(4, towards(inward, dice))]
    far = abs(me.x) - stage.edge_x
    wants_height = me.y < -8 or (far > 35 and me.y < 30)
    if wants_height and me.jumps_left > 0:
        return [(3, towards(inward, dice, pads.X)), (8 + dice.below(10), towards(inward, dice))]
    if me.jumps_left == 0 and (me.y < -25 or far > 45) and me.hitstun == 0:
        aims = Pad(main_x=inward * (30 + dice.below(50)), main_y=_tilt(dice), buttons=pads.B)
        return [(3, aims), (24, aims._replace(buttons=0)), (6, towards(inward, dice))]
    return [(3 + dice.below(4), towards(inward, dice))]


def in_the_air(view: View, dice: Dice) -> Script:
    """Over the stage: hit what is near, come down, or go up again."""
    me = view.me
    side = view.toward_other
    if me.attack is not None or me.action in (Act.SPECIAL_FALL, Act.AIR_DODGE, me.character.shoot_action):
        return [(3, towards(side if dice.chance(0.7) else -side, dice))]
    if abs(view.dx) < 26 and abs(view.dy) < 30 and not view.other.is_out and dice.chance(0.75):
        return _aerial(view, dice)
    if view.dy > 22 and me.jumps_left > 0 and abs(view.dx) < 50 and me.vy < 0.5 and dice.chance(0.5):
        return [(3, towards(side, dice, pads.X)), (6, towards(side, dice))]
    if me.vy < 0 and not me.fast_falling and dice.chance(0.35):
        return [(1, NEUTRAL), (2, Pad(main_y=-_tilt(dice))), (3, towards(side, dice))]
    if me.character.shot is not None and abs(view.dx) > NEAR and dice.chance(0.2):
        return [(1, towards(side, dice)), (2, towards(side, dice, pads.B)), (12, NEUTRAL)]
    if dice.chance(0.04):
        down = Pad(main_x=side * 70, main_y=-45, left=140, buttons=pads.LEFT_TRIGGER)
        return [(2, down), (4, NEUTRAL)]
    return [(4 + dice.below(6), towards(side if dice.chance(0.75) else -side, dice))]


def _aerial(view: View, dice: Dice) -> Script:
    """The aerial that points at the other, by C-stick or by A."""
    side = view.toward_other
    if view.dy > 14:
        aim = (0, 1)
    elif view.dy < -10:
        aim = (0, -1)
    else:
        aim = (side, 0)
    if dice.chance(0.25):
        return [(2, Pad(buttons=pads.A)), (6, towards(side, dice))]
    drift = towards(side, dice)
    return [(2, drift._replace(c_x=aim[0] * _tilt(dice), c_y=aim[1] * _tilt(dice))), (6, drift)]


def on_the_ground(view: View, dice: Dice) -> Script:
    """The neutral game: approach, dance, retreat, take a platform, shoot, defend, strike."""
    me, other = view.me, view.other
    if other.is_out or other.action in (Act.REBIRTH, Act.REBIRTH_WAIT):
        return _bide(view, dice)
    if view.is_threatened and dice.chance(0.4):
        return _defend(view, dice)
    distance = abs(view.dx)
    if distance < CLOSE and abs(view.dy) < 18 and dice.chance(0.8):
        return _strike(view, dice)
    choices = [
        ("approach", 5.0),
        ("hop", 3.0),
        ("dance", 1.5),
        ("retreat", 1.2),
        ("platform", 1.0),
        ("stand", 0.5),
    ]
    if me.character.shot is not None and distance > NEAR:
        choices.append(("shoot", 2.5))
    if view.dy > 15:
        choices.append(("climb", 5.0))
    if me.y > 5 and view.dy < -10:
        choices.append(("drop", 5.0))
    return _NEUTRAL_GAME[dice.weighted(choices)](view, dice)


def _strike(view: View, dice: Dice) -> Script:
    """A grounded attack at somebody within reach."""
    side, dice_tilt = view.toward_other, _tilt(dice)
    if view.dy > 9:
        ways = [(Pad(main_y=55, buttons=pads.A), 2.0), (Pad(c_y=dice_tilt), 2.0), (Pad(buttons=pads.X), 2.0)]
    else:
        ways = [
            (Pad(buttons=pads.A), 1.5),
            (Pad(main_x=side * 45, buttons=pads.A), 1.5),
            (Pad(main_y=-48, buttons=pads.A), 1.0),
            (Pad(main_y=55, buttons=pads.A), 1.0),
            (Pad(c_x=side * dice_tilt), 1.2),
            (Pad(c_y=-dice_tilt), 0.8),
            (Pad(c_y=dice_tilt), 0.8),
            (Pad(buttons=pads.Z), 2.0),
            (towards(side, dice, pads.X), 2.0),
        ]
    return [(1, NEUTRAL), (2, dice.weighted(ways)), (4 + dice.below(12), NEUTRAL)]


def _defend(view: View, dice: Dice) -> Script:
    """Behind the shield, and perhaps out of it."""
    hard = Pad(right=_analog(dice, 1), buttons=pads.RIGHT_TRIGGER)
    light = Pad(right=_analog(dice, 0))
    up = hard if dice.chance(0.8) else light
    script: Script = [(10 + dice.below(18), up)]
    way = dice.weighted((("stay", 3.0), ("roll", 2.0), ("dodge", 1.5), ("grab", 1.5), ("jump", 1.0)))
    if way == "roll":
        script.append((2, up._replace(main_x=dice.pick((-1, 1)) * _tilt(dice))))
    elif way == "dodge":
        script.append((2, up._replace(main_y=-_tilt(dice))))
    elif way == "grab":
        script.append((2, up._replace(buttons=up.buttons | pads.A)))
    elif way == "jump":
        script.append((4, up._replace(buttons=up.buttons | pads.X)))
    return [*script, (4, NEUTRAL)]


def _approach(view: View, dice: Dice) -> Script:
    frames = max(6, min(40, int(abs(view.dx) / 2.0)))
    return [(1, NEUTRAL), (frames, towards(view.toward_other, dice))]


def _hop(view: View, dice: Dice) -> Script:
    side = view.toward_other
    runs = (dice.below(14), towards(side, dice))
    presses = 2 if dice.chance(0.55) else 9
    script: Script = [(1, NEUTRAL), (presses, towards(side, dice, pads.X)), (3, towards(side, dice))]
    return [runs, *script] if runs[0] > 3 else script


def _dance(view: View, dice: Dice) -> Script:
    side = view.toward_other
    script: Script = [(1, NEUTRAL)]
    for _ in range(2 + dice.below(4)):
        script.append((5 + dice.below(7), towards(side, dice)))
        side = -side
    return script


def _retreat(view: View, dice: Dice) -> Script:
    away = -view.toward_other
    if abs(view.me.x + away * 30) > view.stage.edge_x:
        return _hop(view, dice)
    script: Script = [(1, NEUTRAL), (10 + dice.below(16), towards(away, dice))]
    if dice.chance(0.4):
        script += [(8, towards(away, dice, pads.Y)), (5, towards(away, dice))]
    return script


def _climb(view: View, dice: Dice) -> Script:
    drift = max(-1.0, min(1.0, view.dx / 20))
    pad = Pad(main_x=int(drift * 80), buttons=pads.X)
    return [(1, NEUTRAL), (9, pad), (8, pad._replace(buttons=0))]


def _platform(view: View, dice: Dice) -> Script:
    goal = dice.pick((-1, 1)) * view.stage.edge_x * 0.55
    side = 1 if goal > view.me.x else -1
    frames = min(30, int(abs(goal - view.me.x) / 1.8))
    climb = Pad(main_x=side * 40, buttons=pads.Y)
    return [(1, NEUTRAL), (max(1, frames), towards(side, dice)), (9, climb), (10, NEUTRAL)]


def _drop(view: View, dice: Dice) -> Script:
    return [(1, NEUTRAL), (2, Pad(main_y=-_tilt(dice))), (5, towards(view.toward_other, dice))]


def _shoot(view: View, dice: Dice) -> Script:
    side = view.toward_other
    fires = (2, towards(side, dice, pads.B)._replace(main_x=side * 40))
    if dice.chance(0.5):
        return [(1, NEUTRAL), (2, Pad(buttons=pads.X)), (5, NEUTRAL), fires, (14, NEUTRAL)]
    return [(1, NEUTRAL), fires, (22, NEUTRAL)]


def _stand(view: View, dice: Dice) -> Script:
    if dice.chance(0.4):
        return [(8 + dice.below(16), Pad(main_y=-_tilt(dice))), (4, NEUTRAL)]
    if dice.chance(0.5):
        return [(12 + dice.below(20), Pad(main_x=view.toward_other * (30 + dice.below(35))))]
    return [(8 + dice.below(20), NEUTRAL)]


def _bide(view: View, dice: Dice) -> Script:
    """Nobody to fight: back to the middle, or dance."""
    if abs(view.me.x) > 25:
        return [(1, NEUTRAL), (10, towards(-1 if view.me.x > 0 else 1, dice))]
    return dice.pick((_dance, _stand, _hop, _platform))(view, dice)


_NEUTRAL_GAME = {
    "approach": _approach,
    "hop": _hop,
    "dance": _dance,
    "retreat": _retreat,
    "platform": _platform,
    "stand": _stand,
    "shoot": _shoot,
    "climb": _climb,
    "drop": _drop,
}
