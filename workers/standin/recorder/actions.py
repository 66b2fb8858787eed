"""The action states of Melee that the recorder uses, their first age, and the animation of each."""

from __future__ import annotations

from enum import IntEnum

NO_ANIMATION = 0xFFFFFFFF


class Act(IntEnum):
    """The game's own action state ids; those from 341 on belong to one character each."""

    DEAD_DOWN = 0
    DEAD_LEFT = 1
    DEAD_RIGHT = 2
    DEAD_UP_STAR = 4
    REBIRTH = 12
    REBIRTH_WAIT = 13
    WAIT = 14
    WALK_SLOW = 15
    WALK_MIDDLE = 16
    WALK_FAST = 17
    TURN = 18
    DASH = 20
    RUN = 21
    RUN_BRAKE = 23
    JUMP_SQUAT = 24
    JUMP_FORWARD = 25
    JUMP_BACK = 26
    DOUBLE_JUMP_FORWARD = 27
    DOUBLE_JUMP_BACK = 28
    FALL = 29
    SPECIAL_FALL = 35
    TUMBLE = 38
    CROUCH_START = 39
    CROUCH = 40
    CROUCH_END = 41
    LANDING = 42
    LANDING_SPECIAL = 43
    JAB_1 = 44
    JAB_2 = 45
    DASH_ATTACK = 50
    FORWARD_TILT = 53
    UP_TILT = 56
    DOWN_TILT = 57
    FORWARD_SMASH = 60
    UP_SMASH = 63
    DOWN_SMASH = 64
    NEUTRAL_AIR = 65
    FORWARD_AIR = 66
    BACK_AIR = 67
    UP_AIR = 68
    DOWN_AIR = 69
    NEUTRAL_AIR_LANDING = 70
    DOWN_AIR_LANDING = 74
    DAMAGE_HIGH_1 = 75
    DAMAGE_NEUTRAL_1 = 78
    DAMAGE_LOW_1 = 81
    DAMAGE_AIR_1 = 84
    DAMAGE_FLY_HIGH = 87
    DAMAGE_FLY_NEUTRAL = 88
    DAMAGE_FLY_LOW = 89
    DAMAGE_FLY_TOP = 90
    DAMAGE_FLY_ROLL = 91
    SHIELD_START = 178
    SHIELD = 179
    SHIELD_RELEASE = 180
    SHIELD_STUN = 181
    DOWN_BOUND = 183
    DOWN_WAIT = 184
    DOWN_STAND = 186
    DOWN_ROLL_FORWARD = 188
    DOWN_ROLL_BACK = 189
    TECH = 199
    TECH_FORWARD = 200
    TECH_BACK = 201
    SHIELD_BREAK_FLY = 205
    SHIELD_BREAK_FALL = 206
    SHIELD_BREAK_DIZZY = 211
    GRAB = 212
    GRAB_PULL = 213
    GRAB_WAIT = 216
    THROW_FORWARD = 219
    THROW_BACK = 220
    THROW_UP = 221
    THROW_DOWN = 222
    CAPTURE_PULLED = 226
    CAPTURE_WAIT = 227
    ROLL_FORWARD = 233
    ROLL_BACK = 234
    SPOT_DODGE = 235
    AIR_DODGE = 236
    THROWN_FORWARD = 239
    PLATFORM_DROP = 244
    TEETER_START = 245
    TEETER = 246
    LEDGE_CATCH = 252
    LEDGE_WAIT = 253
    LEDGE_CLIMB = 255
    LEDGE_ATTACK = 257
    LEDGE_ROLL = 259
    LEDGE_JUMP = 262
    ENTRY = 322
    ENTRY_START = 323
    ENTRY_END = 324
    FIRST_SPECIAL = 341


DEAD = frozenset({Act.DEAD_DOWN, Act.DEAD_LEFT, Act.DEAD_RIGHT, Act.DEAD_UP_STAR})
DAMAGED = frozenset(range(Act.DAMAGE_HIGH_1, Act.DAMAGE_FLY_ROLL + 1))
SHIELDING = frozenset({Act.SHIELD_START, Act.SHIELD, Act.SHIELD_STUN})

_WITHOUT_ANIMATION = DEAD | {Act.SHIELD_START, Act.SHIELD, Act.ENTRY, Act.ENTRY_END}
_AGE_STARTS_AT_ONE = frozenset(
    {
        Act.WALK_SLOW, Act.WALK_MIDDLE, Act.WALK_FAST, Act.TURN, Act.DASH, Act.CROUCH_START, Act.ROLL_FORWARD,
        Act.ROLL_BACK, Act.SPOT_DODGE, Act.AIR_DODGE, *range(Act.JAB_1, Act.DOWN_AIR + 1), *DAMAGED,
        *range(Act.LEDGE_CATCH, Act.LEDGE_JUMP + 1),
    }
)  # fmt: skip


def has_animation(action: int) -> bool:
    """Return False for the actions without an animation, for which Melee reports an age of -1."""
    return action not in _WITHOUT_ANIMATION


def first_age(action: int) -> float:
    """Return the age that the game reports in an action's first frame: 0, 1, or -1 without animation."""
    if action in _WITHOUT_ANIMATION:
        return -1.0
    return 1.0 if action in _AGE_STARTS_AT_ONE else 0.0


# First action of a run of actions, and its animation index; the others follow one by one. The numbers come
# from real recordings; a gap in the animations' numbering starts a new run.
_ANIMATION_RUNS = (
    (Act.REBIRTH, 2), (Act.REBIRTH_WAIT, 2), (Act.WAIT, 2), (Act.WALK_SLOW, 7), (Act.TURN, 10),
    (Act.DASH, 12), (Act.RUN_BRAKE, 14), (Act.JUMP_SQUAT, 15), (Act.TUMBLE, 29), (Act.CROUCH_END, 34),
    (Act.JAB_1, 46),
    (Act.DASH_ATTACK, 52), (Act.UP_TILT, 58), (Act.FORWARD_SMASH, 63), (Act.NEUTRAL_AIR, 68),
    (Act.DAMAGE_HIGH_1, 165), (Act.SHIELD_RELEASE, 39), (Act.DOWN_BOUND, 183), (Act.GRAB, 242),
    (Act.GRAB_PULL, 242), (Act.GRAB_WAIT, 244), (Act.CAPTURE_PULLED, 254), (Act.ROLL_FORWARD, 42),
    (Act.SPOT_DODGE, 41), (Act.AIR_DODGE, 44), (Act.THROWN_FORWARD, 262), (Act.PLATFORM_DROP, 209),
    (Act.LEDGE_CATCH, 216), (Act.LEDGE_CLIMB, 220), (Act.ENTRY_START, 238), (Act.FIRST_SPECIAL, 295),
)  # fmt: skip


def _animation_table(num_actions: int) -> tuple[int, ...]:
    table: list[int] = []
    start, animation = 0, 0
    runs = dict(_ANIMATION_RUNS)
    for action in range(num_actions):
        if action in runs:
            start, animation = action, runs[Act(action)]
        table.append(NO_ANIMATION if action in _WITHOUT_ANIMATION else animation + action - start)
    return tuple(table)


_ANIMATIONS = _animation_table(400)


def animation_of(action: int) -> int:
    """Return the animation index (uint32) of an action; NO_ANIMATION if the game shows none."""
    return _ANIMATIONS[action]
