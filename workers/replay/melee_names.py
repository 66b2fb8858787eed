"""Names of characters, stages and actions, and the stages' geometry. This module is the door to libmelee.

Names and numbers come from libmelee because everybody in the field uses them. But it is not used for reading
replays: it yields the first written version of each frame, not the one that the game kept (the tests compare
it with our reader).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import melee
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# The six tournament stages by external id, which is how the game, and a .slp, number them.
LEGAL_STAGES = {
    0x02: melee.Stage.FOUNTAIN_OF_DREAMS,
    0x03: melee.Stage.POKEMON_STADIUM,
    0x08: melee.Stage.YOSHIS_STORY,
    0x1C: melee.Stage.DREAMLAND,
    0x1F: melee.Stage.BATTLEFIELD,
    0x20: melee.Stage.FINAL_DESTINATION,
}
FOUNTAIN_OF_DREAMS, POKEMON_STADIUM, YOSHIS_STORY, DREAM_LAND = 0x02, 0x03, 0x08, 0x1C

# The game numbers its characters in three ways. A .slp file's start uses external ids, its frames internal
# ids, and libmelee knows internal ids and those of the selection screen; so this order is written out here.
_BY_EXTERNAL_ID = (
    *(
        "CPTFALCON",
        "DK",
        "FOX",
        "GAMEANDWATCH",
        "KIRBY",
        "BOWSER",
        "LINK",
        "LUIGI",
        "MARIO",
        "MARTH",
        "MEWTWO",
    ),
    *("NESS", "PEACH", "PIKACHU", "POPO", "JIGGLYPUFF", "SAMUS", "YOSHI", "ZELDA", "SHEIK", "FALCO", "YLINK"),
    *("DOC", "ROY", "PICHU", "GANONDORF"),
)

_TARGET_TEST = 33  # the external id of the first target test

# The other stages by external id; libmelee has no names for them. These names are from Slippi's own
# libraries.
_OTHER_STAGES = {
    4: "PEACHS_CASTLE",
    5: "KONGO_JUNGLE",
    6: "BRINSTAR",
    7: "CORNERIA",
    9: "ONETT",
    10: "MUTE_CITY",
    11: "RAINBOW_CRUISE",
    12: "JUNGLE_JAPES",
    13: "GREAT_BAY",
    14: "HYRULE_TEMPLE",
    15: "BRINSTAR_DEPTHS",
    16: "YOSHIS_ISLAND",
    17: "GREEN_GREENS",
    18: "FOURSIDE",
    19: "MUSHROOM_KINGDOM",
    20: "MUSHROOM_KINGDOM_II",
    22: "VENOM",
    23: "POKE_FLOATS",
    24: "BIG_BLUE",
    25: "ICICLE_MOUNTAIN",
    26: "ICETOP",
    27: "FLAT_ZONE",
    29: "YOSHIS_ISLAND_N64",
    30: "KONGO_JUNGLE_N64",
    **{
        _TARGET_TEST + index: f"TARGET_TEST_{name}"
        for index, name in enumerate(
            (
                *(
                    "MARIO",
                    "CPTFALCON",
                    "YLINK",
                    "DK",
                    "DOC",
                    "FALCO",
                    "FOX",
                    "ICE_CLIMBERS",
                    "KIRBY",
                    "BOWSER",
                ),
                *("LINK", "LUIGI", "MARTH", "MEWTWO", "NESS", "PEACH", "PICHU", "PIKACHU", "JIGGLYPUFF"),
                *("SAMUS", "SHEIK", "YOSHI", "ZELDA", "GAMEANDWATCH", "ROY", "GANONDORF"),
            )
        )
    },
}


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform's height and its ends, in Melee units."""

    y: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class StageGeometry:
    """A stage's shape according to libmelee, in Melee units; the main floor is at y = 0.

    Attributes:
        edge_x: x of the right ledge when hanging on it; the left one is -edge_x.
        ground_x: x of the right end of the floor when standing on it; the left one is -ground_x.
        blast_left, blast_right, blast_top, blast_bottom: Where a fighter is lost.
        platforms: The platforms that do not move: left, right, top, as far as the stage has them.
    """

    edge_x: float
    ground_x: float
    blast_left: float
    blast_right: float
    blast_top: float
    blast_bottom: float
    platforms: tuple[Platform, ...]


def character_name(external_id: int) -> str:
    """Return libmelee's name of the character with this external id; "UNKNOWN_CHARACTER" if none has it."""
    return _BY_EXTERNAL_ID[external_id] if external_id < len(_BY_EXTERNAL_ID) else "UNKNOWN_CHARACTER"


def external_character_id(name: str) -> int:
    """Return the external id of the character with this name.

    Raises:
        ValueError: no playable character has this name.
    """
    if name not in _BY_EXTERNAL_ID:
        msg = f"no playable character is called {name!r}; there are {', '.join(sorted(_BY_EXTERNAL_ID))}"
        raise ValueError(msg)
    return _BY_EXTERNAL_ID.index(name)


def internal_character_name(internal_id: int) -> str:
    """Return libmelee's name of the character with this internal id, the kind of id in a .slp file's frames.

    An id that libmelee does not know (a mod's) is named by its number, such as "CHARACTER_40".
    """
    return _internal_names().get(internal_id, f"CHARACTER_{internal_id}")


def is_playable(external_id: int) -> bool:
    """Whether the unmodified game lets people choose the character with this external id."""
    return 0 <= external_id < len(_BY_EXTERNAL_ID)


def is_playable_internally(internal_id: int) -> bool:
    """Whether an internal id is that of a playable character; Nana and the game's bosses are not playable."""
    return _internal_names().get(internal_id) in _BY_EXTERNAL_ID


@cache
def _internal_names() -> dict[int, str]:
    return {member.value: member.name for member in melee.Character}


@cache
def action_names() -> dict[int, str]:
    """Return libmelee's names of actions by id. Ids from 341 on differ in meaning by character."""
    return {member.value: member.name for member in melee.Action}


def stage_name(external_id: int) -> str:
    """Return a stage's name by external id: libmelee's for the six tournament stages, Slippi's for others.

    An id that none of the game's stages has (a mod's) is named by its number, such as "STAGE_300".
    """
    if external_id in LEGAL_STAGES:
        return str(LEGAL_STAGES[external_id].name)
    return _OTHER_STAGES.get(external_id, f"STAGE_{external_id}")


def stage_geometry(external_id: int) -> StageGeometry:
    """Return the shape of a tournament stage.

    Raises:
        ValueError: the id is not one of the six.
    """
    if external_id not in LEGAL_STAGES:
        msg = f"no geometry for stage {external_id}; known are {sorted(LEGAL_STAGES)}"
        raise ValueError(msg)
    stage = LEGAL_STAGES[external_id]
    left, right, top, bottom = (float(side) for side in melee.BLASTZONES[stage])
    found = (
        melee.left_platform_position(stage),
        melee.right_platform_position(stage),
        melee.top_platform_position(stage),
    )
    return StageGeometry(
        edge_x=float(melee.EDGE_POSITION[stage]),
        ground_x=float(melee.EDGE_GROUND_POSITION[stage]),
        blast_left=left,
        blast_right=right,
        blast_top=top,
        blast_bottom=bottom,
        platforms=tuple(
            Platform(*(float(side) for side in sides)) for sides in found if sides[0] is not None
        ),
    )


def step_through(path: Path) -> int:
    """Step libmelee through a replay, like people who train on its frames; return the number of steps.

    Only measurements use this: `farm bench` compares our own reader with it.
    """
    console = melee.Console(path=str(path), is_dolphin=False, allow_old_version=True)
    console.connect()
    num_steps = 0
    while console.step() is not None:
        num_steps += 1
    return num_steps


def randall_positions(slp_frame: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where the cloud of Yoshi's Story is at each slp_frame: (x of its left end, y), float32.

    The positions are exact to 0.001 units.
    """
    table = _randall_period()
    phase = np.asarray(slp_frame, np.int64) % len(table)
    return table[phase, 0], table[phase, 1]


@cache
def _randall_period() -> NDArray[np.float32]:
    """Return (left x, y) for each frame of the cloud's round: float32 [period, 2]."""
    period = melee.stages.RANDALL_INTERVAL
    positions = (melee.randall_position(frame) for frame in range(period))
    return np.array([(left, height) for height, left, _ in positions], np.float32)
