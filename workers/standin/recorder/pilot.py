"""Play one port like a CPU player: look at the match, decide, and press buttons.

A pilot follows short scripts (press, hold, release). A new script is chosen when the last one has run out; a
hit drops the rest of a script. All randomness in the play of a match is in this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.standin.recorder import neutral_game, tactics
from workers.standin.recorder import pad as pads
from workers.standin.recorder.actions import DAMAGED, DEAD, Act
from workers.standin.recorder.pad import Pad
from workers.standin.recorder.player_view import Script, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.standin.recorder.dice import Dice
    from workers.standin.recorder.fighter import Fighter
    from workers.standin.recorder.match import Match
    from workers.standin.recorder.player_view import Script

_UNDER_WAY = frozenset(
    {Act.WAIT, Act.WALK_FAST, Act.WALK_MIDDLE, Act.WALK_SLOW, Act.DASH, Act.RUN, Act.LANDING}
    | set(range(Act.JUMP_FORWARD, Act.FALL + 1))
)
_TACTICS: tuple[tuple[frozenset[int], Callable[[View, Dice], Script]], ...] = (
    (DEAD | {Act.ENTRY, Act.ENTRY_START, Act.ENTRY_END, Act.REBIRTH}, tactics.sit_out),
    (frozenset({Act.REBIRTH_WAIT}), tactics.step_off),
    (DAMAGED, tactics.reel),
    (frozenset({Act.LEDGE_CATCH, Act.LEDGE_WAIT}), tactics.leave_ledge),
    (frozenset({Act.DOWN_BOUND, Act.DOWN_WAIT}), tactics.rise),
    (frozenset({Act.GRAB_PULL, Act.GRAB_WAIT}), tactics.throw),
)


class Pilot:
    """The player of one port; `index` is its place among the leaders."""

    def __init__(self, index: int, dice: Dice) -> None:
        self._index = index
        self._dice = dice
        self._script: list[tuple[int, Pad]] = []
        self._was_hurt = False

    def think(self, match: Match) -> Pad:
        """Return the pad for the next frame."""
        me, other = match.leaders[self._index], match.leaders[1 - self._index]
        hurt = me.action in DAMAGED
        if hurt and not self._was_hurt:
            self._script = []
        self._was_hurt = hurt
        view = View(me, other, match.stage)
        if self._script and self._sees_chance(view):
            self._script = []
        if not self._script:
            self._script = self._choose(view)
        frames, pad = self._script.pop(0)
        if frames > 1:
            self._script.insert(0, (frames - 1, pad))
        return self._steer(pad, me, match)

    def _sees_chance(self, view: View) -> bool:
        """Perhaps change the plan when the opponent comes within reach while a script runs."""
        me, pad = view.me, self._script[0][1]
        if pad.buttons or me.action not in _UNDER_WAY or view.other.is_out or view.is_off_stage:
            return False
        near = view.will_touch if me.airborne else view.is_within_strike
        return near and self._dice.chance(0.3)

    def _choose(self, view: View) -> Script:
        me, dice = view.me, self._dice
        for actions, tactic in _TACTICS:
            if me.action in actions:
                return tactic(view, dice)
        if not me.airborne:
            return neutral_game.on_the_ground(view, dice)
        return tactics.recover(view, dice) if view.is_off_stage else tactics.in_the_air(view, dice)

    def _steer(self, pad: Pad, me: Fighter, match: Match) -> Pad:
        """Apply habits at the last moment: L-cancel most aerials, and seldom run off edges."""
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
