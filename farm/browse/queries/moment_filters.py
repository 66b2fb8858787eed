"""The query parameters of the page of moments, as text, and the query that they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from farm.browse.queries.moments import MomentQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_MOMENT_FILTERS: Final = {
    "kind": "", "character": "", "stage": "", "split": "", "where": "", "state": "", "near": "", "within": "",
    "limit": "",
}  # fmt: skip
"""Every query parameter of the page, with its value when nothing is asked for."""


def moment_query(filters: Mapping[str, str]) -> MomentQuery | None:
    """Read the parameters; None where nothing is asked for.

    Raises:
        ValueError: a value is none that its parameter can have.
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
    """Read a parameter that is a whole number; None where it is empty.

    Raises:
        ValueError: it is none; the text names the parameter.
    """
    if not text:
        return None
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        message = f"{name} is a whole number, got {text!r:.40}"
        raise ValueError(message)
    return int(text)
