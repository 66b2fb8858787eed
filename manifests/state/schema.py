"""The only declaration of the state's columns: name, type, unit, meaning and place in a .slp file of each.

The Arrow schema, the numpy dtypes, the documentation table and the tensor views are all derived from these
lists, and no code addresses a column by its number. Offsets are those of the Slippi specification, counted
from the event's command byte.

A name is one of
    slp_frame                     one per frame
    p0.x  p1n.action  ...         one per entity: a player in ascending port order, or its follower with n
    fod_left ...                  one per stage
The items' columns are in a table of their own, because a frame has any number of items.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from manifests.state.column import Column, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA_VERSION = "1"
FIRST_SLP_FRAME = -123
"""Slippi's index of the first frame of every game; frame_index 0 of a game's first chunk is this frame."""
FIRST_PLAYABLE_SLP_FRAME = -39
"""The first frame in which the players' inputs count. The timer runs from slp_frame 0 on."""
FRAMES_PER_SECOND = 60
"""How many frames count as a second; the console ran a little slower, at 60000/1001 Hz."""
MAX_PLAYERS = 4  # ports of the console; the .slp events hold no more
MAX_ITEMS = 15  # Slippi records no more per frame


def _recorded(
    event: str,
    name: str,
    dtype: str,
    offset: int,
    wire: str,
    unit: str,
    since: str | None,
    doc: str,
    *,
    requires_bytes: int | None = None,
    finite_while: tuple[str, int] | None = None,
) -> Column:
    """Declare a column that is read from an event; a dtype that ends in "#" marks a category."""
    source = Source(event, offset, wire, requires_bytes or offset + np.dtype(wire).itemsize)
    is_category = dtype.endswith("#")
    return Column(name, dtype.rstrip("#"), unit, doc, since, source, is_category, finite_while)


_start, _post = partial(_recorded, "frame_start"), partial(_recorded, "post")
_pre, _item = partial(_recorded, "pre"), partial(_recorded, "item")
_F4, _U4, _U2, _U1, _I1 = ">f4", ">u4", ">u2", "u1", "i1"
_UNITS, _SPEED, _ID, _BITS = "Melee units", "Melee units per frame", "id", "bit field"

# fmt: off
FRAME_COLUMNS: tuple[Column, ...] = (
    Column("slp_frame", "int32", "frames",
           "Slippi's frame index: first -123, playable from -39, timer from 0"),
    Column("n_written", "uint8", "count", "times it was simulated: 1 without rollback; 255 is 255 or more"),
    Column("finalized", "bool", "", "the game guaranteed that this frame would not be simulated again"),
    _start("rng_seed", "uint32", 0x5, _U4, "", "2.2", "random seed at the start of the frame"),
    _start("scene_frame", "uint32", 0x9, _U4, "frames", "3.10", "frames of the scene; jumps where paused"),
)

POST_COLUMNS: tuple[Column, ...] = (
    Column("present", "bool", "", "has a post-frame event; where False all its post columns are null"),
    _post("character", "uint8#", 0x7, _U1, _ID, None,
          "internal character id, 0-32; changes for Zelda and Sheik"),
    _post("action", "uint16#", 0x8, _U2, _ID, None, "action state; ids from 341 on are the character's own"),
    _post("x", "float32", 0xA, _F4, _UNITS, None, "position"),
    _post("y", "float32", 0xE, _F4, _UNITS, None, "position, up positive"),
    _post("facing", "int8", 0x12, _F4, "sign", None, "-1 left, +1 right, rarely 0"),
    _post("percent", "float32", 0x16, _F4, "percent", None, "damage, with its fraction"),
    _post("shield", "float32", 0x1A, _F4, "", None, "shield size, 0-60"),
    _post("last_attack_landed", "uint8#", 0x1E, _U1, _ID, None, "attack id; 0 none, 1 does not stale"),
    _post("combo_count", "uint8", 0x1F, _U1, "count", None, "the game's own combo counter"),
    _post("last_hit_by", "uint8#", 0x20, _U1, "port", None, "0-based port of the last to hit; 6 nobody"),
    _post("stocks", "uint8", 0x21, _U1, "count", None, "stocks left"),
    _post("action_age", "float32", 0x22, _F4, "animation frames", "0.2",
          "age of the action; may be fractional or negative; not libmelee's action_frame"),
    _post("flags1", "uint8#", 0x26, _U1, _BITS, "2.0",
          "0x02 absorber, 0x08 reflects, owner kept, 0x10 reflects"),
    _post("flags2", "uint8#", 0x27, _U1, _BITS, "2.0",
          "0x04 intangible by subaction, 0x08 fastfall, 0x10 hit and in hitlag, 0x20 in hitlag"),
    _post("flags3", "uint8#", 0x28, _U1, _BITS, "2.0", "0x04 holds another, 0x80 shield up"),
    _post("flags4", "uint8#", 0x29, _U1, _BITS, "2.0",
          "0x02 hitstun, 0x04 own hitbox touches a shield, 0x20 powershield"),
    _post("flags5", "uint8#", 0x2A, _U1, _BITS, "2.0",
          "0x02 cloaked, 0x08 follower, 0x10 asleep, 0x40 dead, 0x80 off screen"),
    _post("misc_as", "float32", 0x2B, _F4, "", "2.0",
          "multi-purpose; frames of hitstun left only while flags4 & 0x02, else null where it is no number",
          finite_while=("flags4", 0x02)),
    _post("airborne", "uint8#", 0x2F, _U1, "", "2.0", "0 on the ground, 1 in the air"),
    _post("ground_id", "uint16#", 0x30, _U2, _ID, "2.0", "line last stood on; 0xFFFF none"),
    _post("jumps_left", "uint8", 0x32, _U1, "count", "2.0", "jumps left, 0-6"),
    _post("l_cancel", "uint8#", 0x33, _U1, "", "2.0", "0 none, 1 success, 2 failure"),
    _post("hurtbox", "uint8#", 0x34, _U1, "", "2.1", "0 vulnerable, 1 invulnerable, 2 intangible"),
    _post("vx_air_self", "float32", 0x35, _F4, _SPEED, "3.5", "self-induced horizontal speed in the air"),
    _post("vy_self", "float32", 0x39, _F4, _SPEED, "3.5", "self-induced vertical speed"),
    _post("vx_attack", "float32", 0x3D, _F4, _SPEED, "3.5", "horizontal speed from being hit"),
    _post("vy_attack", "float32", 0x41, _F4, _SPEED, "3.5", "vertical speed from being hit"),
    _post("vx_ground_self", "float32", 0x45, _F4, _SPEED, "3.5",
          "self-induced horizontal speed on the ground"),
    _post("hitlag_left", "float32", 0x49, _F4, "frames", "3.8", "frames of hitlag left, 0-18"),
    _post("animation", "uint32#", 0x4D, _U4, _ID, "3.11", "animation index; 0xFFFFFFFF none"),
    _post("hit_by_instance", "uint16#", 0x51, _U2, _ID, "3.16", "serial of the action or item that last hit"),
    _post("instance_id", "uint16#", 0x53, _U2, _ID, "3.16", "serial of the entity's own action"),
)

PRE_COLUMNS: tuple[Column, ...] = (
    _pre("main_x", "float32", 0x19, _F4, "[-1, 1]", None, "main stick as processed by the game"),
    _pre("main_y", "float32", 0x1D, _F4, "[-1, 1]", None, "main stick as processed by the game"),
    _pre("c_x", "float32", 0x21, _F4, "[-1, 1]", None, "c-stick as processed by the game"),
    _pre("c_y", "float32", 0x25, _F4, "[-1, 1]", None, "c-stick as processed by the game"),
    _pre("trigger", "float32", 0x29, _F4, "[0, 1]", None, "analog trigger as processed; L and R merged"),
    _pre("buttons", "uint32#", 0x2D, _U4, _BITS, None,
         "as processed: low 16 bits as buttons_phys, then the sticks' directions"),
    _pre("buttons_phys", "uint16#", 0x31, _U2, _BITS, None,
         "as pressed; not preserved where a replay was recorded again"),
    # Every 0.1 and 1.0 file holds the same garbage in the next two columns; 1.2, which added raw_x, does not.
    _pre("trigger_l_phys", "float32", 0x33, _F4, "[0, 1]", "1.2", "left analog trigger", requires_bytes=0x3C),
    _pre("trigger_r_phys", "float32", 0x37, _F4, "[0, 1]", "1.2",
         "right analog trigger", requires_bytes=0x3C),
    _pre("raw_x", "int8", 0x3B, _I1, "controller units", "1.2", "raw main stick"),
    _pre("raw_y", "int8", 0x40, _I1, "controller units", "3.15", "raw main stick"),
    _pre("raw_cx", "int8", 0x41, _I1, "controller units", "3.17", "raw c-stick"),
    _pre("raw_cy", "int8", 0x42, _I1, "controller units", "3.17", "raw c-stick"),
    _pre("pre_action", "uint16#", 0xB, _U2, _ID, None, "action state before the frame"),
    _pre("pre_x", "float32", 0xD, _F4, _UNITS, None, "position before the frame"),
    _pre("pre_y", "float32", 0x11, _F4, _UNITS, None, "position before the frame"),
    _pre("pre_facing", "float32", 0x15, _F4, "sign", None, "facing before the frame"),
    _pre("pre_percent", "float32", 0x3C, _F4, "percent", "1.4", "damage before the frame"),
    _pre("pre_seed", "uint32", 0x7, _U4, "", None, "random seed when the entity's turn came"),
)

STAGE_COLUMNS: tuple[Column, ...] = (
    Column("fod_left", "float32", _UNITS, "height of Fountain's left platform; null on other stages", "3.18"),
    Column("fod_right", "float32", _UNITS,
           "height of Fountain's right platform; null on other stages", "3.18"),
    Column("whispy", "uint8", "",
           "Dream Land's wind: 0 none, 1 left, 2 right; null on other stages", "3.18", is_category=True),
    Column("ps_event", "uint16", "",
           "Stadium: 2 begins, 3 on monitor, 4 old one sinks, 5 new one rises, 6 ends, 0 done",
           "3.18", is_category=True),
    Column("ps_type", "uint16", "",
           "Stadium's shape: 3 fire, 4 grass, 5 normal, 6 rock, 9 water", "3.18", is_category=True),
    Column("d_randall_x", "float32", _UNITS,
           "left end of Yoshi's Story's cloud, a function of slp_frame; null elsewhere"),
    Column("d_randall_y", "float32", _UNITS,
           "height of Yoshi's Story's cloud, a function of slp_frame; null elsewhere"),
)

COLUMNS_BY_STAGE: tuple[tuple[str, ...], ...] = (
    ("fod_left", "fod_right"), ("whispy",), ("ps_event", "ps_type"), ("d_randall_x", "d_randall_y")
)
"""Names of STAGE_COLUMNS by stage; a game is played on one stage, so it has the columns of at most one."""

ITEM_COLUMNS: tuple[Column, ...] = (
    _item("type", "uint16#", 0x5, _U2, _ID, "3.0", "item id; projectiles from 48 on"),
    _item("state", "uint8#", 0x7, _U1, _ID, "3.0", "state of the item; its meaning depends on the type"),
    _item("facing", "float32", 0x8, _F4, "sign", "3.0", "-1, 0 or +1"),
    _item("vx", "float32", 0xC, _F4, _SPEED, "3.0", "speed"),
    _item("vy", "float32", 0x10, _F4, _SPEED, "3.0", "speed"),
    _item("x", "float32", 0x14, _F4, _UNITS, "3.0", "position"),
    _item("y", "float32", 0x18, _F4, _UNITS, "3.0", "position"),
    _item("damage_taken", "uint16", 0x1C, _U2, "percent", "3.0", "damage the item has taken"),
    _item("timer", "float32", 0x1E, _F4, "frames", "3.0", "frames left to live; may be negative"),
    _item("spawn_id", "uint32#", 0x22, _U4, _ID, "3.0", "serial number: the item's identity across frames"),
    _item("misc1", "uint8#", 0x26, _U1, "", "3.2", "Samus: missile kind"),
    _item("misc2", "uint8#", 0x27, _U1, "", "3.2", "Peach: turnip face"),
    _item("misc3", "uint8#", 0x28, _U1, "", "3.2", "Samus, Mewtwo: charge shot was launched"),
    _item("misc4", "uint8#", 0x29, _U1, "", "3.2", "Samus, Mewtwo: charge"),
    _item("owner", "int8#", 0x2A, _I1, "port", "3.6", "0-based port of the owner; -1 nobody"),
    _item("instance_id", "uint16#", 0x2B, _U2, _ID, "3.16", "serial of the owner's action that made it"),
)
# fmt: on

ENTITY_COLUMNS: tuple[Column, ...] = POST_COLUMNS + PRE_COLUMNS


@cache
def entity_names(num_players: int) -> tuple[str, ...]:
    """Name the entities of a game in the table's order: ("p0", "p0n", "p1", "p1n") for two players.

    Raises:
        ValueError: num_players is not 1 to 4.
    """
    if not 1 <= num_players <= MAX_PLAYERS:
        msg = f"num_players is {num_players}; a game has 1 to {MAX_PLAYERS}"
        raise ValueError(msg)
    return tuple(f"p{index}{suffix}" for index in range(num_players) for suffix in ("", "n"))


@cache
def table_columns(num_players: int) -> Mapping[str, Column]:
    """List every column of a game of `num_players`, by full name, in canonical order.

    Raises:
        ValueError: num_players is not 1 to 4.
    """
    columns = {column.name: column for column in FRAME_COLUMNS}
    for entity in entity_names(num_players):
        columns.update({f"{entity}.{column.name}": column for column in ENTITY_COLUMNS})
    columns.update({column.name: column for column in STAGE_COLUMNS})
    return columns


@cache
def table_dtypes(num_players: int) -> Mapping[str, np.dtype[np.generic]]:
    """List the numpy dtype of every column of `table_columns`, in the same order."""
    return {name: column.numpy_dtype for name, column in table_columns(num_players).items()}


def documentation_table() -> str:
    """Write the schema as a Markdown table, one row per declared column, items last."""
    lines = ["| column | type | unit | since | meaning |", "|---|---|---|---|---|"]
    groups = (("", FRAME_COLUMNS), ("p0.", ENTITY_COLUMNS), ("", STAGE_COLUMNS), ("items.", ITEM_COLUMNS))
    for prefix, columns in groups:
        for column in columns:
            facts = (column.dtype, column.unit, column.since or "always", column.doc)
            lines.append(f"| `{prefix}{column.name}` | " + " | ".join(facts) + " |")
    return "\n".join(lines) + "\n"
