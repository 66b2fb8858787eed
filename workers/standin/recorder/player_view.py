"""A pilot's view of the match, and the stick positions and buttons from which its scripts are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workers.standin.recorder.pad import Pad

if TYPE_CHECKING:
    from workers.replay.stage_geometry import Stage
    from workers.standin.recorder.dice import Dice
    from workers.standin.recorder.fighter import Fighter

Script: TypeAlias = list[tuple[int, Pad]]

CLOSE = 16.0
NEAR = 36.0
FULL_TILT = 80


@dataclass(frozen=True)
class View:
    """A pilot's view of the match: its own fighter, the opponent, the stage."""

    me: Fighter
    other: Fighter
    stage: Stage

    @property
    def dx(self) -> float:
        """How far the opponent is to the right, in units."""
        return self.other.x - self.me.x

    @property
    def dy(self) -> float:
        """How far the opponent is above, in units."""
        return self.other.y - self.me.y

    @property
    def toward_other(self) -> int:
        """1 if the opponent is to the right, else -1."""
        return 1 if self.dx >= 0 else -1

    @property
    def is_off_stage(self) -> bool:
        """Whether the fighter is beyond the edge, or under the floor."""
        return abs(self.me.x) > self.stage.edge_x + 1 or self.me.y < -6

    @property
    def is_leaving(self) -> bool:
        """Whether the fighter is in the air and about to drift off the stage."""
        me = self.me
        ahead = me.x + (me.vx_air + me.vx_attack) * 12
        return abs(ahead) > self.stage.edge_x - 4 and ahead * me.x > 0

    @property
    def is_within_strike(self) -> bool:
        """Whether the opponent is near enough for an attack from the ground."""
        return abs(self.dx) < CLOSE and abs(self.dy) < 18

    @property
    def will_touch(self) -> bool:
        """Whether an aerial would reach the opponent when it comes out, if both keep moving as they do."""
        me, other = self.me, self.other
        ahead = 7.0
        dx = self.dx + (other.vx_air + other.vx_attack - me.vx_air) * ahead
        rises = other.vy + other.vy_attack if other.airborne else 0.0
        dy = self.dy + (rises - me.vy) * ahead
        return abs(dx) < 17 and abs(dy) < 21

    @property
    def is_threatened(self) -> bool:
        """Whether the opponent attacks close by, or shoots from the front."""
        other = self.other
        swings = other.attack is not None and not other.attack_connected
        shoots = other.action == other.character.shoot_action
        return (swings and abs(self.dx) < NEAR and abs(self.dy) < 25) or (shoots and abs(self.dy) < 12)


def tilt(dice: Dice, full: int = FULL_TILT) -> int:
    """Draw how far a stick is pushed, in raw units: at least `full`, and slightly different each time."""
    return full + dice.below(24)


def towards(side: int, dice: Dice, buttons: int = 0, y: int = 0) -> Pad:
    """Return a pad with the stick held to a side (-1 or 1; 0 for neither) and these buttons."""
    return Pad(main_x=side * tilt(dice), main_y=y, buttons=buttons)
