"""Turn a state table into the packed frames and items that the stand-in draws: fixed-point, saturated.

Values that a replay's version did not record are drawn as at the start of a game: shields whole, platforms at
rest, no hitlag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from manifests.video.stamp import SEED_COLUMN
from workers.standin.image import layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.state.table import StateTable

_MOST_ITEMS = 255
_YOSHIS_STORY = 8
_FOUNTAIN_START = {"fod_left": 20.0, "fod_right": 28.0}
_RANDALL_HALF_WIDTH = 5.95
_STADIUM_NORMAL = 5

# flags1..flags5 as the game's own bits: (column, mask, name of the flag here)
_FLAG_BITS = (
    ("flags1", 0x18, "REFLECT"),
    ("flags2", 0x08, "FASTFALL"),
    ("flags2", 0x20, "HITLAG"),
    ("flags3", 0x80, "SHIELDING"),
    ("flags4", 0x02, "HITSTUN"),
    ("flags5", 0x40, "DEAD"),
    ("flags5", 0x80, "OFFSCREEN"),
)


def frame_records(state: StateTable) -> NDArray[Any]:
    """Return layout.FRAME [T], one record per row of a two-player table, in order."""
    frames = np.zeros(state.num_frames, layout.FRAME)
    frames["slp_frame"] = state.values("slp_frame")
    frames["seed"] = _or_default(state, SEED_COLUMN, 0)
    for slot, entity in enumerate(("p0", "p0n", "p1", "p1n")):
        frames["fighters"][:, slot] = _fighter(state, entity)
    frames["moving"] = _moving_platforms(state)
    for packed, column, default in (
        ("whispy", "whispy", 0),
        ("stadium_event", "ps_event", 0),
        ("stadium_type", "ps_type", _STADIUM_NORMAL),
    ):
        frames[packed] = np.clip(_or_default(state, column, default), 0, 255)
    frames["num_items"] = np.minimum(np.diff(state.items.offsets), _MOST_ITEMS)
    frames["first_item"] = state.items.offsets[:-1]
    return frames


def item_records(state: StateTable) -> NDArray[Any]:
    """Return layout.ITEM [N], every item of every frame in the table's order; owner as player 0, 1 or -1."""
    table = state.items
    items = np.zeros(table.num_rows, layout.ITEM)
    for name in ("type", "state"):
        items[name] = table.values(name)
    for name in ("x", "y", "vx", "vy"):
        items[name] = _fixed(table.values(name), layout.UNIT, np.int16)
    items["facing"] = np.sign(table.values("facing"))
    owner = np.full(table.num_rows, -1, np.int8)
    if table.is_recorded("owner"):
        for player, port in enumerate(state.ports):
            owner[table.values("owner") == port] = player
    items["owner"] = owner
    items["spawn_id"] = table.values("spawn_id") & 0xFFFF
    return items


def _fighter(state: StateTable, entity: str) -> NDArray[Any]:
    def column(name: str, default: float = 0) -> NDArray[Any]:
        return _or_default(state, f"{entity}.{name}", default)

    fighter = np.zeros(state.num_frames, layout.FIGHTER)
    x, y = column("x"), column("y")
    fighter["x"], fighter["y"] = _fixed(x, layout.UNIT, np.int16), _fixed(y, layout.UNIT, np.int16)
    present = column("present").astype(bool)
    for axis, position in (("vx", x), ("vy", y)):
        # The last step is known for every version, and is 0 in hitlag, where recorded speeds are not 0.
        step = np.diff(position, prepend=position[:1])
        step[1:][~present[:-1]] = 0
        fighter[axis] = _fixed(step, layout.UNIT, np.int16)
    fighter["action"] = column("action")
    fighter["age"] = _fixed(_age(column("action"), column("action_age", -1)), layout.AGE_UNIT, np.int16)
    fighter["percent"] = _fixed(column("percent"), layout.PERCENT_UNIT, np.uint16)
    fighter["shield"] = _fixed(column("shield", 60), layout.SHIELD_UNIT, np.uint16)
    fighter["character"] = column("character")
    fighter["facing"] = column("facing")
    fighter["stocks"] = column("stocks")
    fighter["hitlag"] = np.clip(np.ceil(column("hitlag_left")), 0, 255)
    fighter["last_attack"] = column("last_attack_landed")
    fighter["flags"] = np.where(present, _flags(state, entity), 0)
    return fighter


def _age(action: NDArray[np.uint16], action_age: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the game's action age; if no animation runs, as in death, the frames since the action began."""
    index = np.arange(len(action))
    begins = np.diff(action.astype(np.int32), prepend=-1) != 0
    elapsed = index - np.maximum.accumulate(np.where(begins, index, 0))
    return np.where(action_age < 0, elapsed, action_age).astype(np.float32)


def _flags(state: StateTable, entity: str) -> NDArray[np.uint16]:
    flags = np.full(state.num_frames, layout.FIGHTER_FLAGS["PRESENT"], np.uint16)

    def raise_flag(where: NDArray[np.bool_], name: str) -> None:
        flags[where] |= np.uint16(layout.FIGHTER_FLAGS[name])

    for column, mask, name in _FLAG_BITS:
        raise_flag((_or_default(state, f"{entity}.{column}", 0) & mask) != 0, name)
    raise_flag(_or_default(state, f"{entity}.hurtbox", 0) != 0, "INVULNERABLE")
    raise_flag(_or_default(state, f"{entity}.airborne", 0) != 0, "AIRBORNE")
    raise_flag(_or_default(state, f"{entity}.hitlag_left", 0) > 0, "HITLAG")
    return flags


def _moving_platforms(state: StateTable) -> NDArray[np.int16]:
    pair: list[NDArray[Any]]
    if state.stage == _YOSHIS_STORY:
        x = _or_default(state, "d_randall_x", 0.0) + _RANDALL_HALF_WIDTH
        pair = [x, _or_default(state, "d_randall_y", 0.0)]
    else:
        pair = [_or_default(state, name, start) for name, start in _FOUNTAIN_START.items()]
    return np.stack([_fixed(values, layout.UNIT, np.int16) for values in pair], axis=1)


def _or_default(state: StateTable, name: str, default: float) -> NDArray[Any]:
    values = state.values(name)
    return np.where(state.valid(name), values, np.asarray(default).astype(values.dtype))


def _fixed(values: NDArray[Any], unit: int, dtype: type[np.integer[Any]]) -> NDArray[Any]:
    """Round to fixed point, saturating at the ends of dtype."""
    limits = np.iinfo(dtype)
    scaled = np.rint(values.astype(np.float64) * unit)
    return np.clip(scaled, limits.min, limits.max).astype(dtype)
