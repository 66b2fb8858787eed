"""Estimate how far a fighter's body reaches around its position, by character and kind of action.

A position in the state is that of the feet. A body's height is close to the game's own. Its reach in each
direction is a share of that height, which depends on the kind of action, plus an addition for the character's
build (ears, hair, a ball instead of limbs). The shares are medians over the bodies that the stand-in draws of
all characters in the actions of recorded games, so half of all bodies reach a little further.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.state.action_categories import ActionCategory, categories

if TYPE_CHECKING:
    from numpy.typing import NDArray

# fmt: off
BODIES: Final = (
    (14, -2, -3, 0, -3),  # Mario
    (15, 2, 0, 0, 9),  # Fox
    (18, -3, -5, -1, -7),  # CaptainFalcon
    (19, -3, -1, -1, -6),  # DonkeyKong
    (10, 16, 20, 6, -13),  # Kirby
    (21, 1, -1, -1, 3),  # Bowser
    (17, -3, 3, 0, 1),  # Link
    (18, -3, -5, -1, -5),  # Sheik
    (12, -1, 0, 1, 7),  # Ness
    (17, -3, -3, 1, -4),  # Peach
    (12, -1, 7, 1, 12),  # Popo
    (12, -1, 7, 1, 12),  # Nana
    (11, 3, 3, 1, 43),  # Pikachu
    (18, -3, -5, -1, -7),  # Samus
    (16, 2, 5, 0, 0),  # Yoshi
    (10, 17, 21, 7, 5),  # Jigglypuff
    (19, 1, -3, -1, 4),  # Mewtwo
    (16, -3, -4, 0, -6),  # Luigi
    (18, 10, 6, -1, 1),  # Marth
    (18, -3, -3, 0, -7),  # Zelda
    (12, -1, 7, 1, 10),  # YoungLink
    (14, -2, -4, 0, -5),  # DrMario
    (17, 1, -2, -1, -7),  # Falco
    (9, 4, 8, 2, 55),  # Pichu
    (14, -2, 5, 0, 1),  # GameAndWatch
    (19, 9, -5, -1, -8),  # Ganondorf
    (17, 10, 6, 0, 3),  # Roy
)
"""Rows by internal character id: height in Melee units, then the build's addition to the reach behind, ahead,
below and above, in percent of the height."""
_C = ActionCategory
_USUAL: Final = (41, 46, 6, 107)
# Reach behind, ahead, below and above, in percent of the height; other categories have the usual reach.
_REACH: Final = {
    _C.RESPAWN: (35, 41, 10, 108),
    _C.ENTRY: (42, 27, 9, 118),
    _C.GROUND_MOVEMENT: (36, 50, 7, 103),
    _C.CROUCH: (24, 52, 10, 94),
    _C.JUMP: (39, 32, 3, 114),
    _C.FALL: (39, 27, 5, 114),
    _C.HELPLESS: (36, 21, 7, 118),
    _C.LANDING: (28, 49, 9, 98),
    _C.GROUND_ATTACK: (41, 51, 8, 102),
    _C.AERIAL: (45, 47, 6, 110),
    _C.SPECIAL: (44, 53, 6, 102),
    _C.GRAB: (41, 59, 4, 102),
    _C.THROW: (47, 60, 4, 101),
    _C.GRABBED: (54, 37, 7, 103),
    _C.SHIELD: (37, 43, 7, 105),
    _C.DODGE: (39, 41, 5, 101),
    _C.DAMAGE: (49, 46, 3, 101),
    _C.DOWN: (65, 52, 15, 47),
    _C.TECH: (43, 46, -1, 91),
    _C.LEDGE: (31, 35, 8, 115),
    _C.TAUNT: (54, 70, -2, 97),
}
# fmt: on


def body_reach(character: NDArray[Any], action: NDArray[Any]) -> NDArray[np.float64]:
    """Estimate how far bodies reach from their places, in Melee units.

    Args:
        character: internal ids [T], as in the column `character`; unknown ids get Mario's build.
        action: action states [T], as in the column `action`.

    Returns:
        float64 [4, T]: behind the fighter, ahead of it, below its place and above.
    """
    bodies = np.array(BODIES, np.float64)[np.where(character < len(BODIES), character, 0)]
    reach = np.array([_REACH.get(category, _USUAL) for category in _C], np.float64)
    percent = reach[categories(character, action)] + bodies[:, 1:]
    units: NDArray[np.float64] = (percent * bodies[:, :1] / 100).T
    return units
