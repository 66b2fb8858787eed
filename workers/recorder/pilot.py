"""Plays one port: looks at the match, decides, and moves its hands. All chance of a match's play is here.

A pilot's hands follow short scripts (press, hold, release); a new one is chosen when the last has run out, and a
hit drops what was left of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.recorder import pad as pads
from workers.recorder import tactics
from workers.recorder.actions import DAMAGED, Act
from workers.recorder.pad import NEUTRAL, Pad
from workers.recorder.tactics import Script, View

if TYPE_CHECKING:
    from workers.recorder.dice import Dice
    from workers.recorder.fighter import Fighter
    from workers.recorder.match import Match

_HANGING = (Act.LEDGE_CATCH, Act.LEDGE_WAIT)
_LYING = (Act.DOWN_BOUND, Act.DOWN_WAIT)
_HOLDING = (Act.GRAB_PULL, Act.GRAB_WAIT)


class Pilot:
    """One player of the match; `index` is its place among the leaders."""

    def __init__(self, index: int, dice: Dice) -> None:
        self._index = index
        self._dice = dice
        self._script: list[tuple[int, Pad]] = []
        self._was_hurt = False

    def think(self, match: Match) -> Pad:
        """The pad for the next frame."""
        me, other = match.leaders[self._index], match.leaders[1 - self._index]
        hurt = me.action in DAMAGED
        if hurt and not self._was_hurt:
            self._script = []
        self._was_hurt = hurt
        if not self._script:
            self._script = self._choose(View(me, other, match.stage), match)
        frames, pad = self._script.pop(0)
        if frames > 1:
            self._script.insert(0, (frames - 1, pad))
        return self._steer(pad, me, match)

    def _choose(self, view: View, match: Match) -> Script:
        me, dice = view.me, self._dice
        if me.is_out or me.action in (Act.ENTRY, Act.ENTRY_START, Act.ENTRY_END, Act.REBIRTH):
            return [(1, NEUTRAL)]
        if me.action == Act.REBIRTH_WAIT:
            return [(5 + dice.below(60), NEUTRAL), (3, tactics.towards(view.toward_other, dice))]
        if me.action in DAMAGED:
            return tactics.reel(view, dice)
        if me.action in _HANGING:
            return tactics.leave_ledge(view, dice)
        if me.action in _LYING:
            return tactics.rise(dice)
        if me.action in _HOLDING:
            return tactics.throw(dice)
        if me.airborne and view.is_off_stage:
            return tactics.recover(view, dice)
        if me.airborne:
            return tactics.in_the_air(view, dice)
        return tactics.on_the_ground(view, dice)

    def _steer(self, pad: Pad, me: Fighter, match: Match) -> Pad:
        """Last-moment habits: most aerials are L-cancelled, most edges are not run off."""
        if me.attack is not None and me.attack.is_aerial and me.vy < 0 and not pad.buttons:
            height = me.y - _ground_below(me, match)
            if 0 < height < -4.5 * me.vy and self._dice.chance(0.45):
                return pad._replace(buttons=pads.LEFT_TRIGGER, left=140)
        if not me.airborne and me.action in (Act.DASH, Act.RUN):
            ahead = me.x + me.vx_ground * 9
            if abs(ahead) > match.stage.edge_x and ahead * me.vx_ground > 0 and pad.main_x * me.vx_ground > 0:
                self._script = []
                return Pad(main_x=-pad.main_x)
        return pad


def _ground_below(me: Fighter, match: Match) -> float:
    heights = [piece.y_at(me.x) for piece in match.stage.surfaces if piece.holds(me.x)]
    return max((height for height in heights if height <= me.y), default=-1000.0)
