"""The state of a controller, both raw and as the game reads it."""

from __future__ import annotations

from typing import NamedTuple

LEFT_TRIGGER = 0x0040
RIGHT_TRIGGER = 0x0020
Z = 0x0010
A = 0x0100
B = 0x0200
X = 0x0400
Y = 0x0800

STICK_RANGE = 80
DEAD_ZONE = 23  # raw units; below it the game reads an axis as centred
TRIGGER_RANGE = 140
TRIGGER_DEAD_ZONE = 43


class Pad(NamedTuple):
    """A controller in one frame: sticks raw, [-128, 127], triggers raw, [0, 140], physical buttons."""

    main_x: int = 0
    main_y: int = 0
    c_x: int = 0
    c_y: int = 0
    left: int = 0
    right: int = 0
    buttons: int = 0


NEUTRAL = Pad()


class Processed(NamedTuple):
    """A pad after the game's dead zones and clamps: sticks [-1, 1], trigger [0, 1], buttons 32 bits."""

    main_x: float
    main_y: float
    c_x: float
    c_y: float
    trigger: float
    buttons: int


def stick(raw: int) -> float:
    """Return an axis as the game reads it: 0 inside the dead zone, else raw / 80 clipped to [-1, 1]."""
    if -DEAD_ZONE < raw < DEAD_ZONE:
        return 0.0
    return max(-STICK_RANGE, min(STICK_RANGE, raw)) / STICK_RANGE


def trigger(raw: int) -> float:
    """Return an analog trigger, [0, 1], as it is held."""
    return min(raw, TRIGGER_RANGE) / TRIGGER_RANGE


def process(pad: Pad) -> Processed:
    """Return the pad as the game reads it."""
    main_x, main_y, c_x, c_y = stick(pad.main_x), stick(pad.main_y), stick(pad.c_x), stick(pad.c_y)
    deepest = max(pad.left, pad.right)
    pressed = trigger(deepest) if deepest >= TRIGGER_DEAD_ZONE else 0.0
    if pad.buttons & (LEFT_TRIGGER | RIGHT_TRIGGER):
        pressed = 1.0
    buttons = pad.buttons
    if buttons & Z:  # Melee reads Z as A plus a light shield
        buttons |= A
    for bit, axis in ((0x10000, main_y), (0x40000, -main_x), (0x100000, c_y), (0x400000, -c_x)):
        if axis > 0:
            buttons |= bit
        elif axis < 0:
            buttons |= bit << 1
    if pressed > 0:
        buttons |= 0x80000000
    return Processed(main_x, main_y, c_x, c_y, pressed, buttons)
