"""Convert a controller's buttons, sticks and trigger to keys that are held or not; pure functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import numpy as np

from manifests.state.views import BUTTONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.state.table import StateTable

    Held = NDArray[np.bool_]

NUM_PLAYERS: Final = 2
THRESHOLD: Final = 0.3
"""A stick or trigger beyond this counts as a held key; it is just above the game's dead zone of 0.2875."""
_BUTTONS: Final = ("A", "B", "X", "Y", "Z", "L", "R")
_DIRECTIONS: Final = (("UP", "y", 1), ("DOWN", "y", -1), ("LEFT", "x", -1), ("RIGHT", "x", 1))
_STICKS: Final = (("", "main"), ("C_", "c"))
_NAMES: Final = (
    *_BUTTONS,
    *(f"{stick}{name}" for stick, _ in _STICKS for name, _, _ in _DIRECTIONS),
    "TRIGGER",
)
KEYS: Final = tuple(f"P{player + 1}_{name}" for player in range(NUM_PLAYERS) for name in _NAMES)
"""All keys, in the order of a multi-hot vector: 16 of player 1, then 16 of player 2."""


def held_keys(table: StateTable) -> Held:
    """Return which keys are held in each frame, bool [T, 32]; inputs that were not recorded are not held."""
    return np.stack([one for player in range(NUM_PLAYERS) for one in _of_player(table, player)], axis=1)


def _of_player(table: StateTable, player: int) -> list[Held]:
    def column(name: str) -> NDArray[np.float32]:
        values = table.values(f"p{player}.{name}")
        recorded: NDArray[np.float32] = np.where(table.valid(f"p{player}.{name}"), values, 0)
        return recorded

    buttons = column("buttons").astype(np.uint32)
    held = [buttons & np.uint32(BUTTONS[name.lower()]) != 0 for name in _BUTTONS]
    for _, stick in _STICKS:
        held += [column(f"{stick}_{axis}") * sign > THRESHOLD for _, axis, sign in _DIRECTIONS]
    return [*held, column("trigger") > THRESHOLD]


def join_steps(held: Held, frame_step: int) -> Held:
    """Join the keys of the frames of each step: a key is held in a step if it is held in any of its frames.

    Args:
        held: bool [T, K].
        frame_step: number of frames in a step; the last step may have fewer.

    Returns:
        bool [T / frame_step, rounded up; K].
    """
    joined: Held = np.logical_or.reduceat(held, np.arange(0, held.shape[0], frame_step), axis=0)
    return joined


def key_lines(held: Held) -> bytes:
    """Write one line of JSON per step, such as {"keys": ["P1_A", ...]}."""
    names = np.array(KEYS)
    return "".join(json.dumps({"keys": names[row].tolist()}) + "\n" for row in held).encode()
