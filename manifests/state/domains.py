"""The domain of each recorded column, for programs: kind of value, range, number of classes, none value.

`manifests.state.kinds` finds the domain of any column, derived columns included, by its full name.

Ranges are for scaling. They are the game's own range if it has one, and otherwise round numbers around the
values in 201 real replays. A value may lie outside of a range of the second sort, as nothing in the game
forbids it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class ValueKind(StrEnum):
    """How a model should read a column."""

    CONTINUOUS = "continuous"  # a quantity or a count: scale it
    CATEGORICAL = "categorical"  # an id: embed it, never average it
    FLAG = "flag"  # 0 or 1
    MASK = "mask"  # a bit mask: take its bits one by one


@dataclass(frozen=True, slots=True)
class Domain:
    """The values that a column can have.

    Attributes:
        kind: how to read the column.
        low: the least value for scaling; None for categories and masks, and for numbers without one.
        high: the largest value for scaling; None in the same cases.
        num_classes: class ids, that of none included, are below this; None if there are too many to embed.
        none_value: the recorded value that means none; None if there is no such value.
        none_class: the class of none and unknown ids in class columns such as d_action_class.
    """

    kind: ValueKind
    low: float | None = None
    high: float | None = None
    num_classes: int | None = None
    none_value: int | None = None
    none_class: int | None = None

    def classes_of(self, ids: NDArray[Any]) -> NDArray[np.uint16]:
        """Convert ids to classes, uint16 of the same shape: none and unknown ids become the none-class.

        Raises:
            ValueError: the column has no classes.
        """
        if self.num_classes is None or self.none_class is None:
            message = f"a {self.kind} column has no classes, or too many to embed"
            raise ValueError(message)
        is_none = ids >= self.num_classes
        if self.none_value is not None:
            is_none |= ids == self.none_value
        return np.where(is_none, self.none_class, ids).astype(np.uint16)


def continuous(low: float | None, high: float | None) -> Domain:
    """Make the domain of a quantity."""
    return Domain(ValueKind.CONTINUOUS, low, high)


def classes(num_ids: int, none_value: int | None = None) -> Domain:
    """Make the domain of ids [0, num_ids); none is one of them, or else gets the next class, num_ids."""
    none_class = none_value if none_value is not None and 0 <= none_value < num_ids else num_ids
    return Domain(ValueKind.CATEGORICAL, None, None, max(num_ids, none_class + 1), none_value, none_class)


MASK: Final = Domain(ValueKind.MASK)
FLAG: Final = Domain(ValueKind.FLAG, 0, 1)
_SERIAL: Final = Domain(ValueKind.CATEGORICAL)
_STICK, _TRIGGER, _RAW = continuous(-1, 1), continuous(0, 1), continuous(-128, 127)
_FACING: Final = continuous(-1, 1)
_X, _Y, _PERCENT = continuous(-300, 300), continuous(-200, 300), continuous(0, 999)
_SPEED, _ITEM_SPEED = continuous(-20, 20), continuous(-20, 20)
_ACTION, _BYTE = classes(0x21A), classes(256)

# fmt: off
DOMAINS: Final[Mapping[str, Domain]] = {
    "slp_frame": continuous(FIRST_SLP_FRAME, 28_800), "n_written": continuous(1, 255),
    "rng_seed": _SERIAL, "scene_frame": continuous(0, None),
    "character": classes(33), "action": _ACTION, "x": _X, "y": _Y, "facing": _FACING, "percent": _PERCENT,
    "shield": continuous(0, 60), "last_attack_landed": classes(256, 0), "combo_count": continuous(0, 255),
    "last_hit_by": classes(4, 6), "stocks": continuous(0, 99), "action_age": continuous(None, None),
    **{f"flags{number}": MASK for number in range(1, 6)},
    "misc_as": continuous(None, None), "airborne": FLAG, "ground_id": classes(128, 0xFFFF),
    "jumps_left": continuous(0, 6), "l_cancel": classes(3, 0), "hurtbox": classes(3),
    "vx_air_self": _SPEED, "vy_self": _SPEED, "vx_attack": _SPEED, "vy_attack": _SPEED,
    "vx_ground_self": _SPEED, "hitlag_left": continuous(0, 20), "animation": classes(1024, 0xFFFF_FFFF),
    "hit_by_instance": _SERIAL, "instance_id": _SERIAL,
    "main_x": _STICK, "main_y": _STICK, "c_x": _STICK, "c_y": _STICK, "trigger": _TRIGGER,
    "buttons": MASK, "buttons_phys": MASK, "trigger_l_phys": _TRIGGER, "trigger_r_phys": _TRIGGER,
    "raw_x": _RAW, "raw_y": _RAW, "raw_cx": _RAW, "raw_cy": _RAW,
    "pre_action": _ACTION, "pre_x": _X, "pre_y": _Y, "pre_facing": _FACING, "pre_percent": _PERCENT,
    "pre_seed": _SERIAL,
    "fod_left": continuous(0, 40), "fod_right": continuous(0, 40), "whispy": classes(3, 0),
    "ps_event": classes(7, 0), "ps_type": classes(10), "d_randall_x": _X, "d_randall_y": _Y,
}
ITEM_DOMAINS: Final[Mapping[str, Domain]] = {
    "type": _BYTE, "state": _BYTE, "facing": _FACING, "vx": _ITEM_SPEED, "vy": _ITEM_SPEED,
    "x": continuous(-400, 400), "y": continuous(-300, 400), "damage_taken": continuous(0, 999),
    "timer": continuous(None, None), "spawn_id": _SERIAL, "misc1": _BYTE, "misc2": _BYTE, "misc3": _BYTE,
    "misc4": _BYTE, "owner": classes(4, -1), "instance_id": _SERIAL,
}
# fmt: on
