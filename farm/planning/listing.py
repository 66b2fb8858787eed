"""Lists the replays that a person's sources hold, one after another and never all at once.

A source is a folder (searched through, archives in it included), a glob, a file, an archive, or an s3://
prefix.
"""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from farm.planning.scanned_replay import Found, LeftOut
from manifests.errors import DatasetError
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay.bucket import is_in_bucket, list_bucket
from workers.replay.source import (
    ARCHIVE_SUFFIXES,
    REPLAY_SUFFIXES,
    is_streamed,
    member_names,
    stream_members,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GLOB_CHARACTERS = frozenset("*?[")


def list_replays(sources: Iterable[str]) -> Iterator[Found | LeftOut]:
    """Yield every replay that the sources hold, by name within each source.

    An archive that cannot be read comes as LeftOut, and so does a file in an archive that is none.

    Raises:
        EnvironmentFailed: If a source is not there, or cannot be read.
    """
    for source in sources:
        if is_in_bucket(source):
            yield from _in_bucket(source)
        elif Path(source).exists():
            yield from _in_path(Path(source))
        elif _GLOB_CHARACTERS & set(source):
            yield from _in_glob(source)
        else:
            message = (
                f"{source}: there is no such file or folder; give a folder, a file, a glob or an archive"
            )
            raise EnvironmentFailed(message)


def _in_path(path: Path) -> Iterator[Found | LeftOut]:
    if not path.is_dir():
        yield from _in_file(path)
        return
    for folder, names, files in os.walk(path, onerror=_refuse_folder):
        names.sort()
        for name in sorted(files):
            if name.lower().endswith((*REPLAY_SUFFIXES, *ARCHIVE_SUFFIXES)):
                yield from _in_file(Path(folder) / name)


def _refuse_folder(error: OSError) -> None:
    message = f"{error.filename}: {error.strerror}; make it readable, or name another folder"
    raise EnvironmentFailed(message) from error


def _in_glob(pattern: str) -> Iterator[Found | LeftOut]:
    matches = sorted(glob.glob(os.path.expanduser(pattern), recursive=True))  # noqa: PTH111, PTH207 - may be absolute
    if not matches:
        message = f"{pattern}: nothing matches; mind the quotes, or give the folder"
        raise EnvironmentFailed(message)
    for match in matches:
        yield from _in_path(Path(match))


def _in_file(path: Path) -> Iterator[Found | LeftOut]:
    path = path.absolute()
    if not path.name.lower().endswith(ARCHIVE_SUFFIXES):
        yield Found(str(path))
        return
    try:
        if is_streamed(path):
            for name, content in stream_members(path):
                locator = f"{path}!{name}"
                if isinstance(content, ReplayRefused):
                    yield LeftOut(locator, None, content.reason, content.detail)
                else:
                    yield Found(locator, content)
        else:
            for name in member_names(path):
                yield Found(f"{path}!{name}")
    except ReplayRefused as refusal:
        yield LeftOut(str(path), None, refusal.reason, refusal.detail)
    except OSError as error:
        message = f"{path}: {error.strerror or error}; make it readable, or leave it out"
        raise EnvironmentFailed(message) from error


def _in_bucket(url: str) -> Iterator[Found]:
    try:
        for locator in list_bucket(url):
            if locator.lower().endswith(REPLAY_SUFFIXES):
                yield Found(locator)
    except DatasetError as error:
        raise EnvironmentFailed(str(error)) from error
