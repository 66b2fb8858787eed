"""Sort every action state of every character into a category by its function: shield, grab, aerial attack ...

Action states 0 to 340 mean the same for all characters. Their ranges follow slippi-js (damage, capture,
guard, down, tech, dying, ground attack ...) and libmelee's names, refined where those two say nothing. From
341 on actions are the character's own, almost always special moves; exceptions are listed by character.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ActionCategory(IntEnum):
    """The function of an action state. The numbers are stored in people's data, so they never change."""

    UNKNOWN = 0  # not an action of the game
    DEAD = 1
    INACTIVE = 2  # not in play, e.g. the other half of Zelda and Sheik
    RESPAWN = 3
    ENTRY = 4
    GROUND_MOVEMENT = 5  # standing, walking, turning, dashing, running, teetering
    CROUCH = 6
    JUMP = 7  # jump squat and jumps
    FALL = 8
    HELPLESS = 9  # falling with nothing left to do
    LANDING = 10
    GROUND_ATTACK = 11  # jabs, dash attack, tilts, smashes
    AERIAL = 12
    SPECIAL = 13
    GRAB = 14
    THROW = 15
    GRABBED = 16  # held, thrown, swallowed, carried
    SHIELD = 17
    DODGE = 18  # rolls, spot dodge, air dodge
    DAMAGE = 19  # hit, flying, tumbling, bouncing
    DOWN = 20  # lying, and getting up
    TECH = 21
    LEDGE = 22
    INCAPACITATED = 23  # shield broken, asleep, buried, bound, frozen
    ITEM = 24
    TAUNT = 25
    CLANK = 26


_C = ActionCategory
FIRST_OF_THE_CHARACTER = 0x155

# Each entry is the first action of a run with one category; the run ends where the next one begins.
_COMMON: tuple[tuple[int, ActionCategory], ...] = (
    (0x00, _C.DEAD), (0x0B, _C.INACTIVE), (0x0C, _C.RESPAWN), (0x0E, _C.GROUND_MOVEMENT), (0x18, _C.JUMP),
    (0x1D, _C.FALL), (0x23, _C.HELPLESS), (0x26, _C.DAMAGE), (0x27, _C.CROUCH), (0x2A, _C.LANDING),
    (0x2C, _C.GROUND_ATTACK), (0x41, _C.AERIAL), (0x46, _C.LANDING), (0x4B, _C.DAMAGE), (0x5C, _C.ITEM),
    (0xB2, _C.SHIELD), (0xB7, _C.DOWN), (0xC7, _C.TECH), (0xCD, _C.INCAPACITATED), (0xD4, _C.GRAB),
    (0xDB, _C.THROW), (0xDF, _C.GRABBED), (0xE9, _C.DODGE), (0xED, _C.CLANK), (0xEF, _C.GRABBED),
    (0xF4, _C.FALL), (0xF5, _C.GROUND_MOVEMENT), (0xF7, _C.DAMAGE), (0xF9, _C.FALL), (0xFB, _C.DAMAGE),
    (0xFC, _C.LEDGE), (0x108, _C.TAUNT), (0x10A, _C.GRABBED), (0x126, _C.INCAPACITATED), (0x12D, _C.GRABBED),
    (0x131, _C.ITEM), (0x142, _C.ENTRY), (0x145, _C.INCAPACITATED), (0x147, _C.GRABBED), (0x14F, _C.DOWN),
    (0x150, _C.GRABBED), (0x154, _C.ITEM), (FIRST_OF_THE_CHARACTER, _C.SPECIAL),
)  # fmt: skip

# Characters by internal id; (first action, one past the last, category).
_MARIO, _DK, _KIRBY, _LINK, _NESS, _PEACH, _SAMUS, _YOSHI = 0, 3, 4, 6, 8, 9, 13, 14
_JIGGLYPUFF, _YOUNG_LINK, _DR_MARIO, _GAME_AND_WATCH = 15, 20, 21, 24
_SWORD_BOYS = ((0x155, 0x156, _C.GROUND_ATTACK), (0x156, 0x158, _C.TAUNT), (0x168, 0x169, _C.AERIAL),
               (0x169, 0x16A, _C.LEDGE))  # fmt: skip
_OF_THE_CHARACTER: dict[int, tuple[tuple[int, int, ActionCategory], ...]] = {
    _MARIO: ((0x155, 0x157, _C.TAUNT),),
    _DR_MARIO: ((0x155, 0x157, _C.TAUNT),),
    _DK: ((0x15F, 0x169, _C.GRAB), (0x169, 0x171, _C.THROW)),  # carries, then throws
    _KIRBY: ((0x155, 0x15F, _C.JUMP), (0x15F, 0x160, _C.GROUND_ATTACK), (0x160, 0x161, _C.AERIAL)),
    _JIGGLYPUFF: ((0x155, 0x15A, _C.JUMP),),
    _LINK: _SWORD_BOYS,
    _YOUNG_LINK: _SWORD_BOYS,
    _NESS: ((0x155, 0x15C, _C.GROUND_ATTACK),),
    _PEACH: ((0x155, 0x158, _C.FALL), (0x158, 0x15D, _C.AERIAL), (0x15D, 0x160, _C.GROUND_ATTACK)),
    _SAMUS: ((0x165, 0x166, _C.AERIAL), (0x166, 0x167, _C.LEDGE)),
    _YOSHI: ((0x155, 0x15A, _C.SHIELD),),
    _GAME_AND_WATCH: (
        (0x155, 0x15B, _C.GROUND_ATTACK),
        (0x15B, 0x15E, _C.AERIAL),
        (0x15E, 0x161, _C.LANDING),
    ),
}
_NUM_CHARACTERS = 256  # all values of a byte
_NUM_ACTIONS = 0x400  # Kirby's last action is 0x219; numbers beyond are not actions


def categories(character: NDArray[Any], action: NDArray[Any]) -> NDArray[np.uint8]:
    """Look up the `ActionCategory` of each pair of character and action: uint8, in the arrays' common shape.

    Args:
        character: Internal ids, as in the column `character`.
        action: Action states, as in the column `action`.
    """
    found: NDArray[np.uint8] = _table()[character, np.minimum(action, _NUM_ACTIONS)]
    return found


@cache
def _table() -> NDArray[np.uint8]:
    """Make the lookup table, uint8 [character, action]; its last column is for all unknown actions."""
    starts = [start for start, _ in _COMMON]
    run = np.searchsorted(starts, np.arange(_NUM_ACTIONS), side="right") - 1
    common = np.append(np.array([category for _, category in _COMMON], np.uint8)[run], np.uint8(_C.UNKNOWN))
    table = np.tile(common, (_NUM_CHARACTERS, 1))
    for character, exceptions in _OF_THE_CHARACTER.items():
        for start, exclusive_end, category in exceptions:
            table[character, start:exclusive_end] = category
    return table
