"""Columns that are computed from recorded ones, by rules of a fixed version.

They are not stored in states files, as anybody can compute them again. A derived value is valid in a frame in
which everything that it depends on is valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.state.action_categories import categories
from manifests.state.schema import FIRST_PLAYABLE_SLP_FRAME, FIRST_SLP_FRAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from manifests.state.table import StateTable

    Values = NDArray[Any]
    Mask = NDArray[np.bool_]

DERIVED_VERSION = "1"
_HITSTUN, _POWERSHIELD = 0x02, 0x20  # in flags4
_FASTFALL, _HITLAG = 0x08, 0x20  # in flags2
_SHIELD = 0x80  # in flags3
_DEAD, _OFF_SCREEN = 0x40, 0x80  # in flags5


@dataclass(frozen=True, slots=True)
class DerivedColumn:
    """The declaration of one derived column.

    Attributes:
        name: The name within its group, with d_ in front.
        dtype: numpy name of its type.
        doc: The rule in words.
        needs: Names of the recorded columns that it is computed from, within the same group.
        rule: Computes its values [T] from the values [T] of those columns.
        is_category: True for ids and enumerations, as in `manifests.state.column.Column`.
    """

    name: str
    dtype: str
    doc: str
    needs: tuple[str, ...]
    rule: Callable[..., Values]
    is_category: bool = False


def _bit(mask: int) -> Callable[[Values], Values]:
    return lambda flags: flags & mask != 0


ENTITY_DERIVED: tuple[DerivedColumn, ...] = (
    DerivedColumn("d_hitstun_left", "float32", "misc_as while flags4 & 0x02, else 0", ("misc_as", "flags4"),
                  lambda misc, flags: np.where(flags & _HITSTUN, misc, np.float32(0))),
    DerivedColumn("d_invulnerable", "bool", "hurtbox is not 0", ("hurtbox",), lambda hurtbox: hurtbox != 0),
    DerivedColumn("d_fastfall", "bool", "flags2 & 0x08", ("flags2",), _bit(_FASTFALL)),
    DerivedColumn("d_in_hitlag", "bool", "flags2 & 0x20", ("flags2",), _bit(_HITLAG)),
    DerivedColumn("d_shielding", "bool", "flags3 & 0x80", ("flags3",), _bit(_SHIELD)),
    DerivedColumn("d_powershield", "bool", "flags4 & 0x20", ("flags4",), _bit(_POWERSHIELD)),
    DerivedColumn("d_dead", "bool", "flags5 & 0x40", ("flags5",), _bit(_DEAD)),
    DerivedColumn("d_offscreen", "bool", "flags5 & 0x80", ("flags5",), _bit(_OFF_SCREEN)),
    DerivedColumn("d_action_category", "uint8", "manifests.state.action_categories of character and action",
                  ("character", "action"), categories, is_category=True),
)  # fmt: skip
FRAME_DERIVED: tuple[DerivedColumn, ...] = (
    DerivedColumn("d_rolled_back", "bool", "n_written > 1", ("n_written",), lambda n_written: n_written > 1),
    DerivedColumn("d_playable", "bool", "slp_frame >= -39", ("slp_frame",),
                  lambda slp_frame: slp_frame >= FIRST_PLAYABLE_SLP_FRAME),
    DerivedColumn("d_loss_mask", "bool", "finalized, playable, and every player present",
                  ("slp_frame", "finalized"),
                  lambda slp_frame, finalized: finalized & (slp_frame >= FIRST_PLAYABLE_SLP_FRAME)),
)  # fmt: skip
PRESSED = DerivedColumn(
    "d_pressed", "uint32", "buttons down in this frame and not in the one before", ("buttons",),
    lambda buttons: buttons & ~np.concatenate([buttons[:1], buttons[:-1]]), is_category=True,
)  # fmt: skip
_ENTITY = {column.name: column for column in (*ENTITY_DERIVED, PRESSED)}
_FRAME = {column.name: column for column in FRAME_DERIVED}


def derive(table: StateTable, name: str) -> tuple[Values, Mask]:
    """Compute a derived column by its full name, such as "p0.d_dead" or "d_playable".

    `d_pressed` depends on the frame before. So the first row of a table is valid only if it is the game's
    first frame, before which no button was down; otherwise read one more row in front, and leave it out.

    Returns:
        values [T] in the column's dtype, and validity, bool [T].

    Raises:
        KeyError: There is no such derived column.
    """
    entity, _, own = name.rpartition(".")
    column = (_ENTITY if entity else _FRAME).get(own)
    if column is None:
        msg = (
            f"no derived column {name!r}; there are {', '.join([*_FRAME, *(f'p0.{one}' for one in _ENTITY)])}"
        )
        raise KeyError(msg)
    needs = [f"{entity}.{one}" if entity else one for one in column.needs]
    valid = np.logical_and.reduce([table.valid(one) for one in needs])
    values = column.rule(*(table.values(one) for one in needs)).astype(column.dtype)
    if (
        own == "d_hitstun_left"
    ):  # out of hitstun misc_as may be null, and there is no hitstun left all the same
        valid = table.valid(needs[1]) & (valid | (table.values(needs[1]) & _HITSTUN == 0))
    if column is PRESSED:
        values, valid = _since_the_game_began(table, values, valid, needs[0])
    if own == "d_loss_mask":  # the one rule that looks at all players
        present = [table.values(f"p{index}.present") for index in range(table.num_players)]
        values = values & np.logical_and.reduce(present)
    return np.where(valid, values, np.zeros((), values.dtype)), valid


def _since_the_game_began(
    table: StateTable, values: Values, valid: Mask, buttons: str
) -> tuple[Values, Mask]:
    before = np.concatenate([[table.first_slp_frame == FIRST_SLP_FRAME], valid[:-1]])
    if table.first_slp_frame == FIRST_SLP_FRAME:
        # The rule compares row 0 with itself; at the game's beginning everything that is down was pressed.
        values = values.copy()
        values[0] = table.values(buttons)[0]
    return values, valid & before


def is_derived(name: str) -> bool:
    """Whether a full column name is that of a derived column."""
    entity, _, own = name.rpartition(".")
    return own in (_ENTITY if entity else _FRAME)


def derived_column(name: str) -> DerivedColumn:
    """Find the declaration of a derived column by its full name.

    Raises:
        KeyError: There is no such derived column.
    """
    entity, _, own = name.rpartition(".")
    return (_ENTITY if entity else _FRAME)[own]
