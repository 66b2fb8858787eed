"""Reads the size of pictures as people write it."""

from __future__ import annotations

import click


def read_size(text: str) -> tuple[int, int]:
    """Read ROWSxCOLUMNS, such as 288x384, as (height, width).

    Raises:
        click.UsageError: the text is not of this form.
    """
    rows, _, columns = text.partition("x")
    if not (rows.isdecimal() and columns.isdecimal() and int(rows) and int(columns)):
        message = f"--size is ROWSxCOLUMNS, such as 288x384, both 1 or more; got {text!r}"
        raise click.UsageError(message)
    return int(rows), int(columns)
