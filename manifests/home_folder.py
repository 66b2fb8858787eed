"""Find the user's cache and settings folders, even for a user without a home, as containers may have."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from manifests.errors import DatasetError
from manifests.private_folder import why_not_private


class NoHome(DatasetError):  # noqa: N818 - a state of the machine
    """The user's home folder is unknown: HOME is not set, and the system has no entry for the user."""


def with_home(path: str | Path) -> Path:
    """Return a path in which a leading ~ is replaced by the home folder.

    Raises:
        NoHome: the home folder is unknown.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        message = f"{path}: {_why()}; set HOME, or write the path out"
        raise NoHome(message) from error


def cache_base() -> Path:
    """Return the folder for caches: XDG_CACHE_HOME, else ~/.cache, else a temporary folder of this user.

    Raises:
        NoHome: neither XDG_CACHE_HOME nor a home is known, and others can change the temporary folder.
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
    """Return the folder for settings: XDG_CONFIG_HOME, else ~/.config.

    Args:
        instead: another variable that the user may set instead; the error message names it.

    Raises:
        NoHome: both are missing. A temporary folder is no substitute, as it would lose the settings.
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
