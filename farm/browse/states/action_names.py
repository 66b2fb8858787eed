"""Names of action states for people, if libmelee is installed."""

from __future__ import annotations

from functools import cache


@cache
def action_names() -> dict[int, str]:
    """Return the names by action state; empty without libmelee, which reading does not need."""
    try:
        from workers.replay import melee_names  # noqa: PLC0415
    except ModuleNotFoundError:
        return {}
    return melee_names.action_names()


def action_name(action: int) -> str:
    """Return the name of an action state, or its number if there is no name."""
    return action_names().get(action, f"action {action}")
