"""Keeps a command from overwriting a file of another kind, above all a replay, with its output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path


def refuse_other_content(path: Path, begin: bytes, kind: str) -> None:
    """Raise if a file of that name exists and is not of the kind that will be written.

    Args:
        path: where the output goes; a file of the same kind there may be replaced.
        begin: the bytes with which every file of the kind begins.
        kind: what the output is, in a word or two.

    Raises:
        click.UsageError: the file holds something else.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        is_same_kind = file.read(len(begin)) == begin
    if not is_same_kind:
        message = f"{path} holds something else than {kind}; give the name of a new file"
        raise click.UsageError(message)
