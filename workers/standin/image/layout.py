"""The layout of a packed replay: the same structures as game/replay.h, as big-endian numpy dtypes.

A test compares these with that header, so that the two cannot diverge.
"""

from __future__ import annotations

from typing import Final

import numpy as np

MAGIC: Final = 0x44464152
VERSION: Final = 2
FLAG_STAMP: Final = 1

BASE: Final = 0x80800000
"""The address at which the replay is loaded (REPLAY_BASE in game/memory.h)."""
EXCLUSIVE_END: Final = 0x817F0000
"""The end of the memory that a replay may fill (REPLAY_END in game/memory.h)."""

NUM_FIGHTERS: Final = 4
"""How many fighters a frame holds: player 0, its follower, player 1, its follower."""
UNIT: Final = 64
AGE_UNIT: Final = 16
PERCENT_UNIT: Final = 64
SHIELD_UNIT: Final = 512

NO_LINE: Final = 0x7FFFFFFF
NO_PICTURE: Final = 0xFFFFFFFF
IDLE_FIELD: Final = 0xFFFFFFFE

FIGHTER_FLAGS: Final = {
    "PRESENT": 1,
    "SHIELDING": 2,
    "INVULNERABLE": 4,
    "DEAD": 8,
    "OFFSCREEN": 16,
    "HITSTUN": 32,
    "AIRBORNE": 64,
    "FASTFALL": 128,
    "HITLAG": 256,
    "REFLECT": 512,
}

FIGHTER: Final = np.dtype(
    [
        ("x", ">i2"),
        ("y", ">i2"),
        ("vx", ">i2"),
        ("vy", ">i2"),
        ("action", ">u2"),
        ("age", ">i2"),
        ("percent", ">u2"),
        ("shield", ">u2"),
        ("flags", ">u2"),
        ("character", "u1"),
        ("facing", "i1"),
        ("stocks", "u1"),
        ("hitlag", "u1"),
        ("last_attack", "u1"),
        ("reserved", "u1"),
    ]
)
ITEM: Final = np.dtype(
    [
        ("type", ">u2"),
        ("state", ">u2"),
        ("x", ">i2"),
        ("y", ">i2"),
        ("vx", ">i2"),
        ("vy", ">i2"),
        ("facing", "i1"),
        ("owner", "i1"),
        ("spawn_id", ">u2"),
    ]
)
FRAME: Final = np.dtype(
    [
        ("slp_frame", ">i4"),
        ("first_item", ">u4"),
        ("num_items", "u1"),
        ("whispy", "u1"),
        ("stadium_event", "u1"),
        ("stadium_type", "u1"),
        ("moving", ">i2", 2),
        ("seed", ">u4"),
        ("fighters", FIGHTER, NUM_FIGHTERS),
    ]
)
STEP: Final = np.dtype([("line", ">i4"), ("stamp", ">i4"), ("record", ">u4")])
PLAYER: Final = np.dtype([("port", "u1"), ("costume", "u1"), ("reserved", "u1", 2)])
HEADER: Final = np.dtype(
    [
        ("magic", ">u4"),
        ("version", ">u4"),
        ("flags", ">u4"),
        ("num_steps", ">u4"),
        ("steps", ">u4"),
        ("num_records", ">u4"),
        ("records", ">u4"),
        ("num_items", ">u4"),
        ("items", ">u4"),
        ("game_end", ">i4"),
        ("stage", ">u2"),
        ("timer_seconds", ">u2"),
        ("players", PLAYER, 2),
    ]
)
