"""Collects, from columns of the state, the part of a player's state that is drawn over a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from farm.browse.states.action_names import action_name
from manifests.video.overlay import PlayerState

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWN_COLUMNS: Final = (
    "x", "y", "percent", "stocks", "action", "main_x", "main_y", "c_x", "c_y", "trigger", "buttons",
)  # fmt: skip
"""Columns of a player that are drawn."""


def drawn_state(value: Callable[[str], Any], name: str) -> PlayerState:
    """Collect one player's state in one frame, as it is drawn.

    Args:
        value: returns the value of a column among DRAWN_COLUMNS in this frame.
        name: the player's name in the picture.
    """
    return PlayerState(
        name=name,
        action=action_name(int(value("action"))),
        x=float(value("x")),
        y=float(value("y")),
        percent=float(value("percent")),
        stocks=int(value("stocks")),
        main=(float(value("main_x")), float(value("main_y"))),
        c=(float(value("c_x")), float(value("c_y"))),
        trigger=float(value("trigger")),
        buttons=int(value("buttons")),
    )
