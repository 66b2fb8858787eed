"""Choose and order the files of a folder to share, so that an incomplete copy never looks complete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from manifests.store.keys import LEDGER_PREFIX, LIVE_PREFIX, PLAN_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.hub.place import HubPlace

_LAST: Final = frozenset(
    {"dataset.json", "current.json", "info.json", "index.json", "table.json", "README.md"}
)
"""Names of files by which readers find the others."""
PRIVATE: Final = (PLAN_PREFIX, LEDGER_PREFIX, LIVE_PREFIX)
"""Files that rendering a dataset needs, but reading it does not.

Plans name replays as their owners called them. The ledger has a file for each game in one folder, and the hub
takes at most ten thousand files in a folder.
"""


def files_in(folder: Path) -> dict[str, Path]:
    """Find the files of a folder by their path in it, with / between parts; hidden files are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in key.split("/")):
            found[key] = path
    return found


def count_last(key: str) -> tuple[bool, str]:
    """Return a sort key that puts files by which readers find other files last."""
    return key.rpartition("/")[2] in _LAST, key


def in_repository(place: HubPlace) -> HubPlace:
    """Make a place mean a whole folder of a repository, and not every path that begins like it."""
    return replace(place, path=f"{place.path.strip('/')}/" if place.path.strip("/") else "")
