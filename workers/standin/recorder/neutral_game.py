"""Choose a pilot's actions in the neutral game, in which nobody has an advantage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.standin.recorder import pad as pads
from workers.standin.recorder.actions import Act
from workers.standin.recorder.pad import NEUTRAL, Pad
from workers.standin.recorder.player_view import NEAR, tilt, towards

if TYPE_CHECKING:
    from workers.standin.recorder.dice import Dice
    from workers.standin.recorder.player_view import Script, View


def on_the_ground(view: View, dice: Dice) -> Script:
    """Choose to approach, dance, retreat, take a platform, shoot, defend or strike."""
    me, other = view.me, view.other
    if other.is_out or other.action in (Act.REBIRTH, Act.REBIRTH_WAIT):
        return _bide(view, dice)
    if view.is_threatened and dice.chance(0.4):
        return _defend(view, dice)
    if view.is_within_strike and dice.chance(0.85):
        return _strike(view, dice)
    if other.hitstun > 8 and dice.chance(0.8):
        return _chase(view, dice)
    choices = [
        ("approach", 6.0),
        ("hop", 4.0),
        ("dance", 1.5),
        ("retreat", 1.2),
        ("platform", 1.0),
        ("stand", 0.5),
    ]
    if me.character.shot is not None and abs(view.dx) > NEAR:
        choices.append(("shoot", 2.5))
    if view.dy > 15:
        choices.append(("climb", 5.0))
    if me.y > 5 and view.dy < -10:
        choices.append(("drop", 5.0))
    return _NEUTRAL_GAME[dice.weighted(choices)](view, dice)


def _strike(view: View, dice: Dice) -> Script:
    """Attack an opponent within reach from the ground."""
    side, dice_tilt = view.toward_other, tilt(dice)
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
            (Pad(buttons=pads.Z), 1.2),
            (towards(side, dice, pads.X), 2.0),
        ]
    return [(1, NEUTRAL), (2, dice.weighted(ways)), (4 + dice.below(12), NEUTRAL)]


def _defend(view: View, dice: Dice) -> Script:
    """Raise the shield, and perhaps act out of it."""
    hard = Pad(right=140, buttons=pads.RIGHT_TRIGGER)
    light = Pad(right=60 + dice.below(80))
    up = hard if dice.chance(0.8) else light
    script: Script = [(10 + dice.below(18), up)]
    way = dice.weighted((("stay", 3.0), ("roll", 2.0), ("dodge", 1.5), ("grab", 1.5), ("jump", 1.0)))
    if way == "roll":
        script.append((2, up._replace(main_x=dice.pick((-1, 1)) * tilt(dice))))
    elif way == "dodge":
        script.append((2, up._replace(main_y=-tilt(dice))))
    elif way == "grab":
        script.append((2, up._replace(buttons=up.buttons | pads.A)))
    elif way == "jump":
        script.append((4, up._replace(buttons=up.buttons | pads.X)))
    return [*script, (4, NEUTRAL)]


def _approach(view: View, dice: Dice) -> Script:
    frames = max(6, min(40, int(abs(view.dx) / 2.0)))
    return [(1, NEUTRAL), (frames, towards(view.toward_other, dice))]


def _chase(view: View, dice: Dice) -> Script:
    """Chase an opponent who was just hit, along the ground or up to where the flight leads."""
    other = view.other
    meets_x = other.x + (other.vx_air + other.vx_attack) * 10 - view.me.x
    side = 1 if meets_x > 0 else -1
    if abs(view.me.x + meets_x) > view.stage.edge_x - 5:
        return _stand(view, dice) if dice.chance(0.5) else _dance(view, dice)
    if view.dy > 14 and abs(meets_x) < 30:
        return _climb(view, dice)
    return [(1, NEUTRAL), (max(4, min(20, int(abs(meets_x) / 2.0))), towards(side, dice))]


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
    return [(1, NEUTRAL), (2, Pad(main_y=-tilt(dice))), (5, towards(view.toward_other, dice))]


def _shoot(view: View, dice: Dice) -> Script:
    side = view.toward_other
    fires = (2, towards(side, dice, pads.B)._replace(main_x=side * 40))
    if dice.chance(0.5):
        return [(1, NEUTRAL), (2, Pad(buttons=pads.X)), (5, NEUTRAL), fires, (14, NEUTRAL)]
    return [(1, NEUTRAL), fires, (22, NEUTRAL)]


def _stand(view: View, dice: Dice) -> Script:
    if dice.chance(0.4):
        return [(8 + dice.below(16), Pad(main_y=-tilt(dice))), (4, NEUTRAL)]
    if dice.chance(0.5):
        return [(12 + dice.below(20), Pad(main_x=view.toward_other * (30 + dice.below(35))))]
    return [(8 + dice.below(20), NEUTRAL)]


def _bide(view: View, dice: Dice) -> Script:
    """Go back to the middle, or dance, while there is nobody to fight."""
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
