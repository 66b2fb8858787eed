"""Derived columns: columns that are computed from recorded columns, by rules of a fixed version.

They are not stored in states files, as anybody can compute them again. A derived value is valid in a frame if
every value that it depends on is valid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.state.action_categories import ActionCategory, categories
from manifests.state.domains import (
    DOMAINS,
    FLAG,
    ITEM_DOMAINS,
    MASK,
    Domain,
    ValueKind,
    classes,
    continuous,
)
from manifests.state.in_action import frames_in_action
from manifests.state.projectiles import threats
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
        domain: The values that it can have.
        needs_game: Whether it depends on frames long before, so that it must be computed from a whole game.
        of_table: Used instead of the rule for columns that depend on other rows or on items: computes values
            and validity [T] of an entity from the whole table.
    """

    name: str
    dtype: str
    doc: str
    needs: tuple[str, ...]
    rule: Callable[..., Values]
    is_category: bool = False
    domain: Domain = FLAG
    of_table: Callable[[StateTable, str], tuple[Values, Mask]] | None = None
    needs_game: bool = False


def _bit(mask: int) -> Callable[[Values], Values]:
    return lambda flags: flags & mask != 0


ENTITY_DERIVED: tuple[DerivedColumn, ...] = (
    DerivedColumn("d_hitstun_left", "float32", "misc_as while flags4 & 0x02, else 0", ("misc_as", "flags4"),
                  lambda misc, flags: np.where(flags & _HITSTUN, misc, np.float32(0)),
                  domain=continuous(0, 255)),
    DerivedColumn("d_invulnerable", "bool", "hurtbox is not 0", ("hurtbox",), lambda hurtbox: hurtbox != 0),
    DerivedColumn("d_fastfall", "bool", "flags2 & 0x08", ("flags2",), _bit(_FASTFALL)),
    DerivedColumn("d_in_hitlag", "bool", "flags2 & 0x20", ("flags2",), _bit(_HITLAG)),
    DerivedColumn("d_shielding", "bool", "flags3 & 0x80", ("flags3",), _bit(_SHIELD)),
    DerivedColumn("d_powershield", "bool", "flags4 & 0x20", ("flags4",), _bit(_POWERSHIELD)),
    DerivedColumn("d_dead", "bool", "flags5 & 0x40", ("flags5",), _bit(_DEAD)),
    DerivedColumn("d_offscreen", "bool", "flags5 & 0x80", ("flags5",), _bit(_OFF_SCREEN)),
    DerivedColumn("d_action_category", "uint8", "manifests.state.action_categories of character and action",
                  ("character", "action"), categories, is_category=True,
                  domain=classes(len(ActionCategory), ActionCategory.UNKNOWN)),
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
    lambda buttons: buttons & ~np.concatenate([buttons[:1], buttons[:-1]]), is_category=True, domain=MASK,
)  # fmt: skip


def _class_column(of: str, name: str) -> DerivedColumn:
    """Declare a column of classes that are safe to embed: none and unknown ids become the none-class."""
    domain = DOMAINS[of]
    doc = f"{of}, {domain.none_class} for none and unknown ids; below {domain.num_classes}"
    return DerivedColumn(name, "uint16", doc, (of,), domain.classes_of, is_category=True, domain=domain)


CLASSES: tuple[DerivedColumn, ...] = (
    _class_column("character", "d_character_class"),
    _class_column("action", "d_action_class"),
    _class_column("last_attack_landed", "d_last_attack_class"),
    _class_column("last_hit_by", "d_last_hit_by_class"),
    _class_column("ground_id", "d_ground_class"),
    _class_column("animation", "d_animation_class"),
)
FLAG_BITS: tuple[DerivedColumn, ...] = tuple(
    DerivedColumn(f"d_flags{number}_bit{bit}", "bool", f"flags{number} & 0x{1 << bit:02x}",
                  (f"flags{number}",), _bit(1 << bit))
    for number in range(1, 6)
    for bit in range(8)
)  # fmt: skip
FRAMES_IN_ACTION = DerivedColumn(
    "d_frames_in_action", "int32",
    "frames since action or character changed, 0 in the first; null before the first change in a table that "
    "does not begin with the game", ("action", "character"), np.zeros_like, domain=continuous(0, None),
    of_table=frames_in_action, needs_game=True,
)  # fmt: skip


def _threat(part: str, dtype: str, doc: str, domain: Domain) -> DerivedColumn:
    def of_table(table: StateTable, entity: str) -> tuple[Values, Mask]:
        found = threats(table, entity)
        is_there = part in ("count", "type") or found.count > 0
        return getattr(found, part), found.is_known & is_there

    is_category = domain.kind is ValueKind.CATEGORICAL
    return DerivedColumn(
        f"d_projectile_{part}", dtype, doc, ("x", "y"), np.zeros_like, is_category, domain, of_table
    )


PROJECTILES: tuple[DerivedColumn, ...] = (
    _threat("count", "uint8", "projectiles (items of type 48 on) that other players own", continuous(0, 15)),
    _threat("type", "uint16", "item type of the nearest of them; 256 where there is none",
            ITEM_DOMAINS["type"]),
    _threat("distance", "float32", "distance to it; null where there is none", continuous(0, 400)),
    _threat("right", "float32", "how far to the right of the player it is", continuous(-400, 400)),
    _threat("up", "float32", "how far above the player it is", continuous(-400, 400)),
    _threat("vx", "float32", "its speed", ITEM_DOMAINS["vx"]),
    _threat("vy", "float32", "its speed", ITEM_DOMAINS["vy"]),
)  # fmt: skip
EVERY_ENTITY_DERIVED = (*ENTITY_DERIVED, PRESSED, FRAMES_IN_ACTION, *CLASSES, *PROJECTILES, *FLAG_BITS)
"""All derived columns of an entity."""
_ENTITY = {column.name: column for column in EVERY_ENTITY_DERIVED}
_FRAME = {column.name: column for column in FRAME_DERIVED}


def derive(table: StateTable, name: str) -> tuple[Values, Mask]:
    """Compute a derived column by its full name, such as "p0.d_dead" or "d_playable".

    `d_pressed` depends on the frame before. So the first row of a table is valid only if it is the game's
    first frame, before which no button was down; otherwise read one more row in front and drop it later.

    Returns:
        Values [T] in the column's dtype, and validity, bool [T].

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
    if column.of_table is not None:
        values, valid = column.of_table(table, entity)
        return np.where(valid, values, np.zeros((), column.dtype)), valid
    needs = [f"{entity}.{one}" if entity else one for one in column.needs]
    valid = np.logical_and.reduce([table.valid(one) for one in needs])
    values = column.rule(*(table.values(one) for one in needs)).astype(column.dtype)
    # Outside of hitstun misc_as may be null, but the hitstun left is known to be 0.
    if own == "d_hitstun_left":
        valid = table.valid(needs[1]) & (valid | (table.values(needs[1]) & _HITSTUN == 0))
    if column is PRESSED:
        values, valid = _since_the_game_began(table, values, valid, needs[0])
    if own == "d_loss_mask":  # the only rule that depends on all players
        present = [table.values(f"p{index}.present") for index in range(table.num_players)]
        values = values & np.logical_and.reduce(present)
    return np.where(valid, values, np.zeros((), values.dtype)), valid


def _since_the_game_began(
    table: StateTable, values: Values, valid: Mask, buttons: str
) -> tuple[Values, Mask]:
    before = np.concatenate([[table.first_slp_frame == FIRST_SLP_FRAME], valid[:-1]])
    if table.first_slp_frame == FIRST_SLP_FRAME:
        # The rule compares row 0 with itself; at the game's beginning every button that is down was just
        # pressed.
        values = values.copy()
        values[0] = table.values(buttons)[0]
    return values, valid & before


def column_of(table: StateTable, name: str) -> tuple[Values, Mask]:
    """Return a recorded or derived column of a table: values, [T], and their validity, bool [T]."""
    return derive(table, name) if is_derived(name) else (table.values(name), table.valid(name))


def is_derived(name: str) -> bool:
    """Whether a full column name belongs to a derived column."""
    entity, _, own = name.rpartition(".")
    return own in (_ENTITY if entity else _FRAME)


def derived_column(name: str) -> DerivedColumn:
    """Find the declaration of a derived column by its full name.

    Raises:
        KeyError: There is no such derived column.
    """
    entity, _, own = name.rpartition(".")
    return (_ENTITY if entity else _FRAME)[own]
