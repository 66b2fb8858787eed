"""Finds the user's folders, also where there is no home: a container may run as a user of no name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from manifests.errors import DatasetError
from manifests.private_folder import why_not_private


class NoHome(DatasetError):  # noqa: N818 - a state of the machine
    """HOME is not set, and the system does not know the user."""


def with_home(path: str | Path) -> Path:
    """Return a path in which a leading ~ is replaced by the home folder.

    Raises:
        NoHome: there is none.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        message = f"{path}: {_why()}; set HOME, or write the path out"
        raise NoHome(message) from error


def cache_base() -> Path:
    """Return XDG_CACHE_HOME, else ~/.cache, else a folder of this user's among the temporary ones.

    Raises:
        NoHome: there is neither of the first two, and the third is not this user's alone.
    """
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given)
    try:
        return with_home("~") / ".cache"
    except NoHome:
        folder = Path(tempfile.gettempdir()) / f"dolphin-farm-{os.getuid()}"
        if (why_not := why_not_private(folder)) is not None:
            message = f"{folder} cannot keep files for this user alone: {why_not}; set XDG_CACHE_HOME or HOME"
            raise NoHome(message) from None
        return folder / "cache"


def config_base(instead: str) -> Path:
    """Return XDG_CONFIG_HOME, else ~/.config.

    Args:
        instead: what the user may set if there is neither, for the error.

    Raises:
        NoHome: there is neither. A temporary folder would lose what must be kept.
    """
    if given := os.environ.get("XDG_CONFIG_HOME"):
        return Path(given)
    try:
        return with_home("~") / ".config"
    except NoHome as error:
        message = f"{_why()}; set {instead}, XDG_CONFIG_HOME or HOME"
        raise NoHome(message) from error


def _why() -> str:
    return f"HOME is not set and user {os.getuid()} has no entry in passwd"
