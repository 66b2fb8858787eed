"""Walks through folders and links to folders, and ends even if links lead in a circle.

Each real folder, identified by device and inode, is searched once. Links to folders come last, so that a file
in a real folder is named by that folder's own path if possible.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from farm.planning.scanned_replay import LeftOut
from manifests.ledger.reasons import Reason
from manifests.plain_file import what_it_is
from workers.replay.locator import path_locator

if TYPE_CHECKING:
    from collections.abc import Iterator

GLOB_CHARACTERS: Final = frozenset("*?[")
_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Listed:
    """Content of one folder: plain files, real folders, and links to folders, by name; and all else."""

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    links: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]


def left_out_path(path: Path | str, error: OSError) -> LeftOut:
    """Return the record of a file or folder that the system refuses to open."""
    return LeftOut(path_locator(str(path)), None, Reason.NOT_READ, error.strerror or str(error))


def _special(path: Path, what: str) -> LeftOut:
    return LeftOut(path_locator(str(path)), None, Reason.NOT_READ, f"{what}, not a file")


def _dangling(path: Path) -> LeftOut:
    return LeftOut(path_locator(str(path)), None, Reason.NOT_READ, "a link to what is not there")


def files_below(folder: Path) -> Iterator[Path | LeftOut]:
    """Yield every plain file in a folder and below it, and a record of what cannot be read there.

    In each folder its files come first, by name, then its folders; links to folders come at the very end.
    """
    seen: set[_Identity] = set()
    links = [folder]
    for link in links:  # the list grows during the loop
        yield from _search(link, seen, links)


def _search(start: Path, seen: set[_Identity], links: list[Path]) -> Iterator[Path | LeftOut]:
    waiting = [start]  # no recursion: folders may be nested more deeply than Python allows calls
    while waiting:
        folder = waiting.pop()
        try:
            identity = _identity(folder)
            listed = None if identity in seen else _list_folder(folder)
        except OSError as error:
            yield left_out_path(folder, error)
            continue
        if listed is None:
            detail = "the folder to which this leads is searched already"
            yield LeftOut(path_locator(str(folder)), None, Reason.DUPLICATE, detail)
            continue
        seen.add(identity)
        yield from listed.files
        yield from listed.left_out
        links.extend(listed.links)
        waiting.extend(reversed(listed.folders))


def named(path: Path) -> Iterator[Path | LeftOut]:
    """Yield the files that a path names: the file itself, or all files below a folder."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        yield _dangling(path)
    except OSError as error:
        yield left_out_path(path, error)
    else:
        if stat.S_ISDIR(mode):
            yield from files_below(path)
        elif (special := what_it_is(mode)) is not None:
            yield _special(path, special)
        else:
            yield path


def matches(pattern: str) -> Iterator[Path | LeftOut]:
    """Yield the files and folders that a glob matches, and a record of folders that cannot be read.

    `**` stands for any folders. As usual, wildcards do not match names that begin with a dot. Unlike
    `glob.glob`, this names folders that cannot be read, and links that lead in a circle come to an end.
    """
    path = Path(pattern)
    parts = path.parts[1:] if path.is_absolute() else path.parts
    seen: set[tuple[_Identity, int]] = set()
    waiting = [(Path(path.anchor), 0)]
    while waiting:
        place, depth = waiting.pop()
        if depth == len(parts):
            yield place
            continue
        try:
            found = list(_next_matches(place, parts, depth, seen))
        except NotADirectoryError:
            continue
        except OSError as error:
            yield left_out_path(place, error)
            continue
        waiting.extend(reversed(found))


def _next_matches(
    folder: Path, parts: tuple[str, ...], depth: int, seen: set[tuple[_Identity, int]]
) -> Iterator[tuple[Path, int]]:
    """Yield the paths to which one part of a pattern leads, each with the number of the next part."""
    part = parts[depth]
    if not GLOB_CHARACTERS & set(part):
        if os.path.lexists(folder / part):
            yield folder / part, depth + 1
        return
    visit = (_identity(folder), depth)
    if visit in seen:
        return
    seen.add(visit)
    if part == "**":
        yield folder, depth + 1
        if depth + 1 < len(parts):  # at the end of a pattern `**` means the folder, and so all below it
            for entry in _visible(folder):
                if _leads_to_folder(entry):
                    yield folder / entry.name, depth
        return
    fits = re.compile(fnmatch.translate(part)).match
    for entry in _visible(folder, with_hidden=part.startswith(".")):
        if fits(entry.name):
            yield folder / entry.name, depth + 1


def _visible(folder: Path, *, with_hidden: bool = False) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if with_hidden or not entry.name.startswith(".")]
    return sorted(found, key=lambda entry: entry.name)


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _identity(folder: Path) -> _Identity:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _list_folder(folder: Path) -> _Listed:
    files: list[Path] = []
    folders: list[Path] = []
    links: list[Path] = []
    left_out: list[LeftOut] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = folder / entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif entry.is_file(follow_symlinks=False):
                    files.append(path)  # the usual case, which needs no stat of the file itself
                elif stat.S_ISDIR(mode := entry.stat().st_mode):
                    links.append(path)
                elif (special := what_it_is(mode)) is None:
                    files.append(path)
                else:
                    left_out.append(_special(path, special))
            except FileNotFoundError:
                left_out.append(_dangling(path))
            except OSError as error:
                left_out.append(left_out_path(path, error))
    return _Listed(tuple(files), tuple(folders), tuple(links), tuple(left_out))
