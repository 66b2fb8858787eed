"""Write the game's state as one line of JSON per frame, which MIRA calls physics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.state.schema import entity_names

if TYPE_CHECKING:
    from manifests.state.table import StateTable

COLUMNS: Final = (
    "character", "action", "action_age", "x", "y", "facing", "percent", "shield", "stocks", "airborne",
    "jumps_left", "hurtbox", "hitlag_left", "vx_air_self", "vx_ground_self", "vy_self", "vx_attack",
    "vy_attack",
)  # fmt: skip
"""The columns of a fighter in each line, with the names and units that `farm schema` lists."""


def physics_lines(table: StateTable, frame_step: int) -> bytes:
    """Write a line for every `frame_step`-th frame, from the first frame on.

    A line is {"slp_frame": n, "stage": id, "fighters": [{"fighter": "P1", "x": ..., ...}, ...]}. A follower
    is called P1_FOLLOWER, and is listed while it is in play. Values that the replay did not record are null.
    """
    frames = slice(None, None, frame_step)
    fighters = {entity: _columns(table, entity, frames) for entity in entity_names(table.num_players)}
    lines = []
    for row, slp_frame in enumerate(table.values("slp_frame")[frames].tolist()):
        there = [
            {"fighter": fighter_name(entity)} | {name: column[row] for name, column in columns.items()}
            for entity, (present, columns) in fighters.items()
            if present[row]
        ]
        lines.append(json.dumps({"slp_frame": slp_frame, "stage": table.stage, "fighters": there}) + "\n")
    return "".join(lines).encode()


def fighter_name(entity: str) -> str:
    """Return the export's name of an entity of the state table: "P1" for "p0", "P1_FOLLOWER" for "p0n"."""
    player = f"P{int(entity[1]) + 1}"
    return f"{player}_FOLLOWER" if entity.endswith("n") else player


def _columns(table: StateTable, entity: str, frames: slice) -> tuple[list[bool], dict[str, list[Any]]]:
    found = {}
    for name in COLUMNS:
        values, valid = table.values(f"{entity}.{name}")[frames], table.valid(f"{entity}.{name}")[frames]
        numbers: list[Any] = values.tolist()
        if values.dtype.kind == "f":
            # The shortest decimal text of a float32: 3.27, not 3.2699999809265137.
            numbers = [float(text) for text in values.astype(np.float32).astype("U32").tolist()]
        found[name] = [
            one if is_there else None for one, is_there in zip(numbers, valid.tolist(), strict=True)
        ]
    return table.values(f"{entity}.present")[frames].tolist(), found
