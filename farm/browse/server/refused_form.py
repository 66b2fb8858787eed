"""Shows a form again if its values were refused, with what the user typed and what is wrong."""

from __future__ import annotations

from typing import Any


class FormRefused(Exception):  # noqa: N818 - a decision, not a mishap
    """The values of a page's form cannot be used.

    Args:
        detail: what is wrong, for a person.
        template: the page's template.
        data: the data with which the template shows the form as it was filled in.
    """

    def __init__(self, detail: str, template: str, data: dict[str, Any]) -> None:
        super().__init__(detail)
        self.detail, self.template, self.data = detail, template, data
