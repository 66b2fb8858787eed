"""Fetch a dataset or an export from the hub into a folder; every file is checked against its hash there."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from manifests.hub.api import HubFailed, fetch, list_files, pinned
from manifests.hub.folder import count_last, files_in, in_repository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manifests.hub.api import HubFile
    from manifests.hub.place import HubPlace

_SCRATCH: Final = ".pull"
"""The folder that holds files while they arrive; a stopped download goes on there."""
_THREADS: Final = 8
_OF_THE_HUB: Final = frozenset({".gitattributes"})
"""Files that the hub puts into every repository."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The result of `pull`: the commit, files that arrived and their bytes, and files that existed before."""

    commit: str
    num_files: int
    num_bytes: int
    num_there_before: int


def pull(place: HubPlace, folder: Path, on_file: Callable[[int, int], object] = lambda *_: None) -> Pulled:
    """Fetch all files of a place into a folder, except those that it has already.

    Args:
        place: a repository, or a folder in it, whose path ends with / or is empty.
        folder: a new or empty folder, or one that an earlier pull of the same place left.
        on_file: function that is called with the numbers of files done, and of all files.

    Raises:
        HubFailed: the hub cannot be reached, has no such place, or gave bytes that do not fit its hash; or
            the folder holds something else.
    """
    place = pinned(in_repository(place))
    files = [one for one in list_files(place) if one.path not in _OF_THE_HUB]
    wanted = {one.path.removeprefix(place.path): one for one in files}
    if not wanted:
        message = f"{place}: no file's path begins so"
        raise HubFailed(message)
    if strangers := sorted(set(files_in(folder)) - set(wanted)):
        message = f"{folder}: holds {strangers[0]}, which {place} has not; give a new or empty folder"
        raise HubFailed(message)
    missing = [key for key in sorted(wanted, key=count_last) if not wanted[key].is_at(folder / key)]
    done = len(wanted) - len(missing)

    def one(key: str) -> int:
        _arrive(place, wanted[key], folder, key)
        return wanted[key].size_bytes

    num_bytes = 0
    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            for number, size in enumerate(threads.map(one, missing), done + 1):
                num_bytes += size
                on_file(number, len(wanted))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    shutil.rmtree(folder / _SCRATCH, ignore_errors=True)
    return Pulled(str(place.revision), len(missing), num_bytes, done)


def _arrive(place: HubPlace, file: HubFile, folder: Path, key: str) -> None:
    """Fetch one file under a temporary path, and move it to its place once its bytes are checked."""
    path = fetch(replace(place, path=file.path), folder / _SCRATCH)
    if not file.is_at(path):
        path.unlink(missing_ok=True)
        message = f"{place}: {file.path} did not arrive as the hub names it; run again to fetch it anew"
        raise HubFailed(message)
    target = folder / key
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)
