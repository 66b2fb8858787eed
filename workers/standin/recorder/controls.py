"""Read a fighter's pad in one frame: axes, new presses and flicks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workers.standin.recorder import pad as pads

if TYPE_CHECKING:
    from workers.replay.stage_geometry import Stage
    from workers.standin.recorder.fighter import Fighter
    from workers.standin.recorder.pad import Pad
    from workers.standin.recorder.stage_script import Moment

FLICK = 64  # raw units that a stick must reach
FLICK_FROM = 40  # ... from below this, within one frame
SHIELD_TRIGGER = 43


class Controls(NamedTuple):
    """A pad as read: axes in [-1, 1], buttons newly pressed in this frame, flicks of -1, 0 or 1."""

    x: float
    y: float
    c_x: float
    c_y: float
    held: int
    pressed: int
    flick_x: int
    flick_y: int
    c_flicked: bool
    shields: bool

    @property
    def jumps(self) -> bool:
        """Whether X or Y was pressed in this frame."""
        return bool(self.pressed & (pads.X | pads.Y))

    @property
    def attacks(self) -> bool:
        """Whether A was pressed or the C-stick pushed in this frame."""
        return bool(self.pressed & pads.A) or self.c_flicked

    @property
    def is_neutral(self) -> bool:
        """Whether no button is held and all sticks rest."""
        return self.x == self.y == self.c_x == self.c_y == 0 and not self.held


class Scene(NamedTuple):
    """The stage in this frame and in the frame before."""

    stage: Stage
    moment: Moment
    previous: Moment
    slp_frame: int


def _flick(now: int, before: int) -> int:
    if now >= FLICK and before < FLICK_FROM:
        return 1
    if now <= -FLICK and before > -FLICK_FROM:
        return -1
    return 0


def read_controls(fighter: Fighter) -> Controls:
    """Read the fighter's pad of this frame, compared with that of the frame before."""
    now: Pad = fighter.pad
    before: Pad = fighter.previous_pad
    c_was_centred = abs(before.c_x) < FLICK_FROM and abs(before.c_y) < FLICK_FROM
    return Controls(
        x=pads.stick(now.main_x),
        y=pads.stick(now.main_y),
        c_x=pads.stick(now.c_x),
        c_y=pads.stick(now.c_y),
        held=now.buttons,
        pressed=now.buttons & ~before.buttons,
        flick_x=_flick(now.main_x, before.main_x),
        flick_y=_flick(now.main_y, before.main_y),
        c_flicked=c_was_centred and max(abs(now.c_x), abs(now.c_y)) >= FLICK,
        shields=bool(now.buttons & (pads.LEFT_TRIGGER | pads.RIGHT_TRIGGER))
        or max(now.left, now.right) >= SHIELD_TRIGGER,
    )
