"""Reads the query parameters of the page of moments into a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from farm.browse.queries.moments import MomentQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_MOMENT_FILTERS: Final = {
    "kind": "", "character": "", "stage": "", "split": "", "where": "", "state": "", "near": "", "within": "",
    "limit": "",
}  # fmt: skip
"""Every query parameter of the page, with its value if the user asks for nothing."""


def moment_query(filters: Mapping[str, str]) -> MomentQuery | None:
    """Read the query parameters; return None if they ask for nothing.

    Raises:
        ValueError: a parameter cannot have its value.
    """
    filters = {name: text.strip() for name, text in filters.items()}
    if not any(filters.values()):
        return None
    return MomentQuery(
        kind=filters["kind"],
        character=filters["character"],
        stage=filters["stage"],
        split=filters["split"],
        condition=filters["where"],
        state=filters["state"],
        near_kind=filters["near"],
        near_frames=whole_number("within", filters["within"]),
        limit=whole_number("limit", filters["limit"]) or 60,
    )


def whole_number(name: str, text: str) -> int | None:
    """Read a parameter that is a whole number; return None if it is empty.

    Raises:
        ValueError: it is no whole number; the message names the parameter.
    """
    if not text:
        return None
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        message = f"{name} is a whole number, got {text!r:.40}"
        raise ValueError(message)
    return int(text)
