"""Summarize the projectiles that threaten a player in a fixed number of values: count and nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from manifests.state.domains import ITEM_DOMAINS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.state.table import StateTable

    Floats = NDArray[np.float32]

_FIRST_PROJECTILE: Final = 48  # item types from this number on are projectiles
_TYPE: Final = ITEM_DOMAINS["type"]


@dataclass(frozen=True, eq=False, slots=True)
class Threats:
    """The projectiles of other players that threaten one player, over T frames.

    Attributes:
        is_known: bool [T], False where the player is absent or the replay's version names no owners.
        count: uint8 [T], number of projectiles.
        type: uint16 [T], item type of the nearest projectile; the none-class where there is none.
        distance: float32 [T], distance of the nearest projectile in Melee units; 0 where there is none.
        right: float32 [T], how far to the player's right the nearest projectile is.
        up: float32 [T], how far above the player the nearest projectile is.
        vx: float32 [T], horizontal speed of the nearest projectile, Melee units per frame.
        vy: float32 [T], vertical speed of the nearest projectile, up positive.
    """

    is_known: NDArray[np.bool_]
    count: NDArray[np.uint8]
    type: NDArray[np.uint16]
    distance: Floats
    right: Floats
    up: Floats
    vx: Floats
    vy: Floats


def threats(table: StateTable, entity: str) -> Threats:
    """Summarize the projectiles that threaten an entity: items of type 48 on that another player owns.

    Seven columns are made from the result, so it is cached for as long as the table exists.
    """
    kept = _FOUND.setdefault(table, {})
    if entity not in kept:
        kept[entity] = _find(table, entity)
    return kept[entity]


_FOUND: Final[WeakKeyDictionary[StateTable, dict[str, Threats]]] = WeakKeyDictionary()


def _find(table: StateTable, entity: str) -> Threats:
    items, num_frames = table.items, table.num_frames
    own_port = table.ports[int(entity[1])]
    owner, kind, frame = items.values("owner"), items.values("type"), items.frame_index()
    rows = np.flatnonzero((kind >= _FIRST_PROJECTILE) & np.isin(owner, table.ports) & (owner != own_port))
    there = table.values(f"{entity}.present")
    rows = rows[there[frame[rows]]]
    frame = frame[rows]
    right = items.values("x")[rows] - table.values(f"{entity}.x")[frame]
    up = items.values("y")[rows] - table.values(f"{entity}.y")[frame]
    distance = np.hypot(right, up)
    order = np.lexsort((distance, frame))
    nearest = order[np.concatenate([[True], np.diff(frame[order]) > 0])] if order.size else order

    def at_nearest(values: NDArray[Any]) -> Floats:
        spread = np.zeros(num_frames, np.float32)
        spread[frame[nearest]] = values[nearest]
        return spread

    nothing = np.iinfo(np.uint16).max  # beyond all item types, so that it becomes the none-class
    type_ = np.full(num_frames, nothing, np.uint16)
    type_[frame[nearest]] = kind[rows][nearest]
    is_known = there & bool(items.is_recorded("owner") and items.is_recorded("type"))
    return Threats(
        is_known=is_known,
        count=np.bincount(frame, minlength=num_frames).astype(np.uint8),
        type=_TYPE.classes_of(type_),
        distance=at_nearest(distance),
        right=at_nearest(right),
        up=at_nearest(up),
        vx=at_nearest(items.values("vx")[rows]),
        vy=at_nearest(items.values("vy")[rows]),
    )
