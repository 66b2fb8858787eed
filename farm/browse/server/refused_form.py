"""A form whose values were refused: the page is shown again with what was typed, and with what is wrong."""

from __future__ import annotations

from typing import Any


class FormRefused(Exception):  # noqa: N818 - a decision, not a mishap
    """The values of a page's form cannot be used.

    Args:
        detail: what is wrong, for a person.
        template: of the page.
        data: what the template needs to show the form as it was filled in.
    """

    def __init__(self, detail: str, template: str, data: dict[str, Any]) -> None:
        super().__init__(detail)
        self.detail, self.template, self.data = detail, template, data
