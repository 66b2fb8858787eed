"""Which files of a folder are shared, and in which order: a part is never taken for the whole."""

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
"""What renders a dataset and does not read it.

Plans name replays as their owners called them; the ledger has a file for each game in one folder, of which
the hub takes ten thousand.
"""


def files_in(folder: Path) -> dict[str, Path]:
    """Find the files of a folder by their path in it, with / between parts; hidden ones are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in key.split("/")):
            found[key] = path
    return found


def count_last(key: str) -> tuple[bool, str]:
    """Sort key: files by which readers find the others come after those."""
    return key.rpartition("/")[2] in _LAST, key


def in_repository(place: HubPlace) -> HubPlace:
    """Let a place mean a whole folder of a repository, not whatever begins like it."""
    return replace(place, path=f"{place.path.strip('/')}/" if place.path.strip("/") else "")
