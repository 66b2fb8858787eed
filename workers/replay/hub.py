"""List and fetch replays of a dataset repository on the Hugging Face hub; never writes to it.

    hf://datasets/OWNER/NAME                    all files of the repository
    hf://datasets/OWNER/NAME@REVISION/PREFIX    the files with this prefix, at a branch, tag or commit

A listing is pinned to the commit that it found, and so are the locators that the plan keeps. Each machine
fetches a file once, into the hub library's own cache; a stopped download goes on where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manifests.hub.api import HubFailed, fetch, list_paths
from manifests.hub.place import HubPlace
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.printable import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def list_hub(url: str) -> Iterator[str]:
    """Yield the URL of every file that a URL covers, pinned to the present commit, in order of name.

    Raises:
        EnvironmentFailed: there is no such repository or revision, or the hub cannot be reached.
    """
    try:
        yield from map(str, list_paths(hub_place(url)))
    except HubFailed as failure:
        raise EnvironmentFailed(shown(str(failure))) from failure


def local_copy(url: str) -> Path:
    """Fetch one file, unless this machine has it, and return its path.

    Raises:
        ReplayRefused: NOT_READ: no file could have such a path.
        EnvironmentFailed: the file does not exist, or the hub cannot be reached.
    """
    place = hub_place(url)
    if any(part in ("", ".", "..") for part in place.path.split("/")):
        raise ReplayRefused(Reason.NOT_READ, "not a path of a file")
    try:
        return fetch(place)
    except HubFailed as failure:
        raise EnvironmentFailed(shown(str(failure))) from failure


def hub_place(url: str) -> HubPlace:
    """Read hf://datasets/OWNER/NAME[@REVISION][/PATH].

    Raises:
        EnvironmentFailed: `url` has another form.
    """
    try:
        return HubPlace.of_url(url)
    except ValueError as error:
        raise EnvironmentFailed(shown(str(error))) from error
