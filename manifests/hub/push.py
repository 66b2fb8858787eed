"""Put a dataset or an export onto the hub, in commits of some hundred files; a stopped push can be rerun."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.hub.api import HubFailed, commit, list_files, make_repository, set_tag
from manifests.hub.folder import PRIVATE, count_last, files_in, in_repository
from manifests.store.keys import DATASET_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from manifests.hub.api import HubFile
    from manifests.hub.place import HubPlace

FILES_PER_COMMIT: Final = 200
_BYTES_PER_COMMIT: Final = 4_000_000_000
_LEROBOT_KEY: Final = "meta/info.json"


@dataclass(frozen=True, slots=True)
class Pushed:
    """The result of `push`: files put and their bytes, files that existed before, and files not sent."""

    num_files: int
    num_bytes: int
    num_there_before: int
    num_left_out: int


def push(
    folder: Path, place: HubPlace, *, is_public: bool = False, with_records: bool = False,
    on_file: Callable[[int, int], object] = lambda *_: None,
) -> Pushed:  # fmt: skip
    """Put all files of a folder that a repository lacks into it, and check that it then has all of them.

    Args:
        folder: a dataset or an export.
        place: the repository, which is made if it does not exist, or a folder in it; its revision: a branch.
        is_public: whether anybody can read a repository that is made.
        with_records: put plans and ledger, too; see `manifests.hub.folder.PRIVATE`.
        on_file: function that is called with the numbers of files done, and of all files.

    Raises:
        HubFailed: the hub cannot be reached, refuses, holds another dataset at this place, or lacks files
            afterwards; or the folder is empty.
    """
    place = in_repository(place)
    every = files_in(folder)
    ours = {key: path for key, path in every.items() if with_records or not key.startswith(PRIVATE)}
    if not ours:
        message = f"{folder}: no files to put onto the hub; check the path"
        raise HubFailed(message)
    make_repository(place, is_public=is_public)
    there = _listed(place)
    dataset = ours.get(DATASET_KEY)
    if dataset is not None and DATASET_KEY in there and not there[DATASET_KEY].is_at(dataset):
        message = f"{place}: holds another dataset; give another repository, or a folder in it"
        raise HubFailed(message)
    missing = [
        key for key in sorted(ours, key=count_last) if key not in there or not there[key].is_at(ours[key])
    ]
    done = len(ours) - len(missing)
    on_file(done, len(ours))
    for batch in _batches(missing, ours):
        commit(place, {f"{place.path}{key}": ours[key] for key in batch}, f"Put {len(batch)} files")
        done += len(batch)
        on_file(done, len(ours))
    there = _listed(place)
    if wrong := [key for key in missing if key not in there or not there[key].is_at(ours[key])]:
        message = f"{place}: does not have {wrong[0]} as it is here, of {len(wrong)} such files; run again"
        raise HubFailed(message)
    if not place.path and _LEROBOT_KEY in ours:
        # LeRobot reads a repository at the tag of its format's version.
        set_tag(place, json.loads(ours[_LEROBOT_KEY].read_bytes())["codebase_version"])
    num_bytes = sum(ours[key].stat().st_size for key in missing)
    return Pushed(len(missing), num_bytes, len(ours) - len(missing), len(every) - len(ours))


def _listed(place: HubPlace) -> dict[str, HubFile]:
    return {one.path.removeprefix(place.path): one for one in list_files(place)}


def _batches(keys: Sequence[str], paths: dict[str, Path]) -> Iterator[list[str]]:
    """Divide files into commits that the hub accepts: neither too many files nor too many bytes each."""
    batch: list[str] = []
    num_bytes = 0
    for key in keys:
        size = paths[key].stat().st_size
        if batch and (len(batch) == FILES_PER_COMMIT or num_bytes + size > _BYTES_PER_COMMIT):
            yield batch
            batch, num_bytes = [], 0
        batch.append(key)
        num_bytes += size
    if batch:
        yield batch
