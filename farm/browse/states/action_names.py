"""Names of action states for people, where libmelee is installed."""

from __future__ import annotations

from functools import cache


@cache
def action_names() -> dict[int, str]:
    """Name by action state; empty where libmelee is not installed: a reading side need not have it."""
    try:
        from workers.replay import melee_names  # noqa: PLC0415
    except ModuleNotFoundError:
        return {}
    return melee_names.action_names()


def action_name(action: int) -> str:
    """The name, or else the number."""
    return action_names().get(action, f"action {action}")
