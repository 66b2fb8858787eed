"""Make tensors from state tables by views, which are named and versioned lists of columns.

A tensor comes with the names of its places: `state` and `action` are float32 [T, D] with D names, ids and bit
fields stay integers beside them, and a mask of the same shape says which values were recorded. Values are in
the game's own units; scaling is left to the model. A view never changes: a better list gets the next version.

    tensor = make_view(table, STATE)        # or view("state/1")
    tensor.values[:, tensor.names.index("p0.x")]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.state import derived, schema
from manifests.state.kinds import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from manifests.state.table import StateTable

_PLAYER = "{player}."  # stands for p0., p1., ... or p0n., p1n., ...

# Names of the buttons' bits, which are the same in `buttons` and `buttons_phys`.
BUTTONS: Mapping[str, int] = {
    "d_left": 0x1, "d_right": 0x2, "d_down": 0x4, "d_up": 0x8, "z": 0x10, "r": 0x20, "l": 0x40, "a": 0x100,
    "b": 0x200, "x": 0x400, "y": 0x800, "start": 0x1000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """A named, versioned list of columns.

    Attributes:
        name: "state", "action" ...
        version: Counted up with any change to the list.
        values: Columns that become float32; a name that begins with {player}. stands for one per player.
        categories: Columns that stay integers.
        buttons: Columns of bit fields, which become a value of 0 or 1 per button.
        of_followers: Whether {player}. stands for the players' followers instead.
    """

    name: str
    version: int
    values: tuple[str, ...]
    categories: tuple[str, ...]
    buttons: tuple[str, ...] = ()
    of_followers: bool = False

    @property
    def key(self) -> str:
        """Name and version in one text, such as "state/1"."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, eq=False, slots=True)
class Tensor:
    """The tensor that a view makes from a table of T frames.

    Attributes:
        view: Key of the view.
        values: float32 [T, D]; where not valid they are zero, which means nothing.
        valid: bool [T, D], True where the value was recorded.
        names: Names of the D places, in order.
        categories: Columns of integers [T] by name.
        categories_valid: bool [T] by name, True where the value was recorded.
    """

    view: str
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    names: Names
    categories: Mapping[str, NDArray[Any]]
    categories_valid: Mapping[str, NDArray[np.bool_]]


_ENTITY_VALUES = tuple(
    _PLAYER + name
    for name in (
        *(
            "present",
            "x",
            "y",
            "facing",
            "percent",
            "shield",
            "stocks",
            "action_age",
            "airborne",
            "jumps_left",
        ),
        *("combo_count", "vx_air_self", "vy_self", "vx_attack", "vy_attack", "vx_ground_self", "hitlag_left"),
        *("d_hitstun_left", "d_invulnerable", "d_fastfall", "d_in_hitlag", "d_shielding", "d_powershield"),
        *("d_dead", "d_offscreen"),
    )
)
_ENTITY_CATEGORIES = tuple(
    _PLAYER + name
    for name in (
        *("character", "action", "d_action_category", "last_attack_landed", "last_hit_by", "ground_id"),
        *("l_cancel", "hurtbox", "animation"),
    )
)
_ENTITY_CLASSES = (
    *("d_character_class", "d_action_class", "d_action_category", "d_last_attack_class"),
    *("d_last_hit_by_class", "d_ground_class", "l_cancel", "hurtbox", "d_animation_class"),
)
STATE = View(
    "state", 1,
    values=(*_ENTITY_VALUES, "fod_left", "fod_right", "d_randall_x", "d_randall_y"),
    categories=(*_ENTITY_CATEGORIES, "whispy", "ps_event", "ps_type"),
)  # fmt: skip
FOLLOWERS = View("followers", 1, values=_ENTITY_VALUES, categories=_ENTITY_CATEGORIES, of_followers=True)
ACTION = View(
    "action", 1,
    values=tuple(_PLAYER + name for name in ("main_x", "main_y", "c_x", "c_y", "trigger")),
    categories=(_PLAYER + "buttons",),
    buttons=(_PLAYER + "buttons",),
)  # fmt: skip
RAW_ACTION = View(
    "raw_action", 1,
    values=tuple(
        _PLAYER + name
        for name in ("raw_x", "raw_y", "raw_cx", "raw_cy", "trigger_l_phys", "trigger_r_phys")
    ),
    categories=(_PLAYER + "buttons_phys",),
    buttons=(_PLAYER + "buttons_phys",),
)  # fmt: skip
STATE_2 = View(
    "state", 2,
    values=STATE.values,
    categories=(*(_PLAYER + name for name in _ENTITY_CLASSES), "whispy", "ps_event", "ps_type"),
)  # fmt: skip
FOLLOWERS_2 = View(
    "followers", 2,
    values=_ENTITY_VALUES,
    categories=tuple(_PLAYER + name for name in _ENTITY_CLASSES),
    of_followers=True,
)  # fmt: skip
FLAGS = View("flags", 1, values=tuple(_PLAYER + column.name for column in derived.FLAG_BITS), categories=())
PROJECTILES = View(
    "projectiles", 1,
    values=tuple(_PLAYER + one.name for one in derived.PROJECTILES if not one.is_category),
    categories=tuple(_PLAYER + one.name for one in derived.PROJECTILES if one.is_category),
)  # fmt: skip
JUST_PRESSED = View(
    "just_pressed", 1, values=(), categories=(_PLAYER + "d_pressed",), buttons=(_PLAYER + "d_pressed",)
)
VIEWS: Mapping[str, View] = {
    view.key: view
    for view in (
        *(STATE, FOLLOWERS, ACTION, RAW_ACTION, JUST_PRESSED),
        *(STATE_2, FOLLOWERS_2, FLAGS, PROJECTILES),
    )
}


def view(key: str) -> View:
    """Find a view by its key.

    Raises:
        KeyError: There is no such view.
    """
    if key not in VIEWS:
        msg = f"no view {key!r}; there are {', '.join(VIEWS)}"
        raise KeyError(msg)
    return VIEWS[key]


@cache
def value_names(of: View, num_players: int = 2) -> Names:
    """Name the D places of a view's tensor for a game of `num_players`; `.kinds` gives the kind of each."""
    columns = _expand(of.values, of, num_players)
    pressed = [f"{column}.{button}" for column in _expand(of.buttons, of, num_players) for button in BUTTONS]
    return Names((*columns, *pressed))


@cache
def category_names(of: View, num_players: int = 2) -> Names:
    """Name a view's columns of integers for a game of `num_players`; `.domains` gives their classes."""
    return Names(_expand(of.categories, of, num_players))


@cache
def view_columns(of: View, num_players: int = 2) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Name the columns that a view consists of: plain values, bit fields of buttons, and categories."""
    return (
        _expand(of.values, of, num_players),
        _expand(of.buttons, of, num_players),
        _expand(of.categories, of, num_players),
    )


def _expand(templates: tuple[str, ...], of: View, num_players: int) -> tuple[str, ...]:
    """Put players' names into the templates: one player after the other, then the columns of no player."""
    suffix = "n." if of.of_followers else "."
    names = [
        template.replace(_PLAYER, f"p{index}{suffix}")
        for index in range(num_players)
        for template in templates
        if template.startswith(_PLAYER)
    ]
    return (*names, *(template for template in templates if not template.startswith(_PLAYER)))


def make_view(table: StateTable, of: View) -> Tensor:
    """Make the tensor of a view from a state table."""
    columns = _expand(of.values, of, table.num_players)
    bit_fields = _expand(of.buttons, of, table.num_players)
    names = value_names(of, table.num_players)
    values = np.zeros((table.num_frames, len(names)), np.float32)
    valid = np.zeros(values.shape, bool)
    for place, name in enumerate(columns):
        values[:, place], valid[:, place] = _column(table, name)
    bits = np.array(list(BUTTONS.values()), np.uint32)
    for index, name in enumerate(bit_fields):  # the buttons come after all plain columns
        places = slice(len(columns) + index * bits.size, len(columns) + (index + 1) * bits.size)
        field, recorded = _column(table, name)
        values[:, places] = (field[:, None] & bits) != 0
        valid[:, places] = recorded[:, None]
    # Ids stay integers: a float32 cannot hold every 32-bit id exactly, and nobody should average ids.
    found = {name: _column(table, name) for name in category_names(of, table.num_players)}
    return Tensor(
        view=of.key,
        values=values,
        valid=valid,
        names=names,
        categories={name: column for name, (column, _) in found.items()},
        categories_valid={name: mask for name, (_, mask) in found.items()},
    )


def _column(table: StateTable, name: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    if name not in schema.table_columns(table.num_players):
        return derived.derive(table, name)
    return table.values(name), table.valid(name)
