"""Reads a share on the command line: `1%` or `0.01`."""

from __future__ import annotations

import click


class Percentage(click.ParamType[float]):
    """A number from 0 to 1, which can also be given in percent."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share as a number from 0 to 1; fail with a message that says what is allowed."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{text!r} is no share; give 0% to 100%, or 0 to 1", param, ctx)
        return share
