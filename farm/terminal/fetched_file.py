"""A click type for options that take a path, or an s3:// URL whose file is downloaded to this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from workers.files.node_files import fetched, identified
from workers.files.remote import GAME_IMAGE, PROGRAM, RemoteName, is_remote

if TYPE_CHECKING:
    from workers.files.remote import FileKind


class FetchedFile(click.ParamType[Path]):
    """Gives the path of a file on this machine: the named file, or the one downloaded from S3.

    Args:
        kind: what the file is.

    Raises:
        EnvironmentFailed: the file cannot be downloaded.
    """

    name = "file"

    def __init__(self, kind: FileKind) -> None:
        self._kind = kind

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Turn the text that was typed into a path."""
        if not is_remote(str(value)):
            return Path(value)
        try:
            return fetched(identified(RemoteName(self._kind, str(value))))
        except ValueError as problem:
            self.fail(str(problem), param, ctx)


PROGRAM_FILE: Final = FetchedFile(PROGRAM)
"""The click type of an option that names a playback Dolphin."""


def game_image_here(named: str | None) -> str | None:
    """Return the path of a game image on this machine, downloaded if need be; other words are unchanged.

    Raises:
        EnvironmentFailed: the image cannot be downloaded.
        click.BadParameter: the URL names no game image.
    """
    return None if named is None else str(FetchedFile(GAME_IMAGE).convert(named, None, None))
