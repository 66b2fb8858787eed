r"""Locators: printable texts by which plans, reports and the terminal name a replay, and which can be parsed.

    PATH                 a file
    ARCHIVE!MEMBER       a replay within a .zip, .7z, .tar, .tar.gz, .tar.xz or .tar.zst
    ARCHIVE!MEMBER:2     the second one of that name in the archive
    ARCHIVE!INNER!MEMBER a replay within an archive that is a member itself
    s3://BUCKET/KEY      an object
    hf://datasets/OWNER/NAME@COMMIT/PATH  a file of a repository on the hub, which may be an archive

Names of files are bytes, and need not be text: an archive that was packed in Japan unpacks to Shift-JIS. Each
byte that is not part of UTF-8, and each byte of a control character, is written in a locator as \xHH. So is a
backslash that would otherwise be read as such an escape, and an exclamation mark that would otherwise end the
name of an archive. `MEMBER:2` cannot be mistaken for a name, because names of replays end in .slp, .slp.gz or
.slp.zst, and those of archives in the suffixes below.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from manifests.hub.place import HUB_SCHEME
from workers.printable import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

REPLAY_SUFFIXES: Final = (".slp", ".slp.gz", ".slp.zst")
ARCHIVE_SUFFIXES: Final = (
    ".zip", ".7z", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tzst"
)  # fmt: skip
BUCKET_SCHEME: Final = "s3://"

_UNREAD: Final = re.compile(
    r".*\.(?:7z|rar|gz|xz|txz|bz2|tbz2?|zst|tzst|lz|tlz|lz4|lzma|lzo|z|taz|br|sz|zz|zipx|slpz"
    r"|cab|arj|ace|lha|lzh|sit|sitx|cpio|wim|zpaq|squashfs"
    r"|(?:7z|zip|rar|tar|tgz|gz)\.\d{2,4}|[rz]\d{2,3})",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(rb"\\x([0-9a-f]{2})")
_LOOKS_LIKE_ESCAPE: Final = re.compile(r"\\(?=x[0-9a-f]{2})")
_ARCHIVE: Final = "|".join(re.escape(suffix) for suffix in ARCHIVE_SUFFIXES)
_LOOKS_LIKE_ARCHIVE: Final = re.compile(rf"((?:{_ARCHIVE})(?::[1-9][0-9]*)?)!", re.IGNORECASE)
_IN_ARCHIVE: Final = re.compile(
    rf"(?P<archive>.*?(?:{_ARCHIVE}))(?::(?P<number>[1-9][0-9]*))?!(?P<member>.+)", re.IGNORECASE | re.DOTALL
)
_NUMBERED: Final = re.compile(
    r"(?P<name>.+\.slp(?:\.gz|\.zst)?):(?P<number>[1-9][0-9]*)", re.IGNORECASE | re.DOTALL
)


class NameKind(Enum):
    """The kind of a file, by its name."""

    REPLAY = "replay"
    ARCHIVE = "archive"
    UNREAD = "unread"  # an archive or compression that we cannot read, but that may hold replays
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a replay, with names as in the file system and the archive.

    Attributes:
        path: The path of the file, or of the archive that holds it, or its s3:// or hf:// URL.
        member: The name within the archive; None if it is not in an archive.
        number: 1 for the first member with that name, 2 for the second, and so on.
        inner: Names and numbers of further members; each lies in the archive named by the one before.
    """

    path: str
    member: str | None = None
    number: int = 1
    inner: tuple[tuple[str, int], ...] = ()

    @property
    def steps(self) -> tuple[tuple[str, int], ...]:
        """Name and number of each member on the way from the file to the replay; empty if it is the file."""
        return () if self.member is None else ((self.member, self.number), *self.inner)


def kind_of_name(name: str) -> NameKind:
    """Return the kind of a file by its name, ignoring case."""
    lower = name.lower()
    if lower.endswith(REPLAY_SUFFIXES):
        return NameKind.REPLAY
    if lower.endswith(ARCHIVE_SUFFIXES):
        return NameKind.ARCHIVE
    return NameKind.UNREAD if _UNREAD.fullmatch(lower) else NameKind.OTHER


def archive_suffix(name: str) -> str:
    """Return the suffix that makes a file an archive, in small letters: ".tar.gz" rather than ".gz".

    Raises:
        ValueError: the name is not that of an archive.
    """
    found = [suffix for suffix in ARCHIVE_SUFFIXES if name.lower().endswith(suffix)]
    if not found:
        message = f"{shown(name)!r} is no archive by its name"
        raise ValueError(message)
    return max(found, key=len)


def is_in_bucket(locator: str) -> bool:
    """Return whether a locator is s3://BUCKET/KEY."""
    return locator.startswith(BUCKET_SCHEME)


def is_on_hub(locator: str) -> bool:
    """Return whether a locator is hf://datasets/OWNER/NAME, with or without more."""
    return locator.startswith(HUB_SCHEME)


def path_locator(path: str) -> str:
    """Return the locator of a file, given its path or s3://BUCKET/KEY in the system's own form."""
    locator = _escaped(path)
    return locator if is_in_bucket(path) else _LOOKS_LIKE_ARCHIVE.sub(r"\1\\x21", locator)


def nested_locator(archive: str, steps: Iterable[tuple[str, int]]) -> str:
    """Return the locator of a member of a member: each step is a name and its number, from the outside in."""
    locator = path_locator(archive)
    for name, number in steps:
        step = _LOOKS_LIKE_ARCHIVE.sub(r"\1\\x21", _escaped(name))
        locator += f"!{step}" if number == 1 else f"!{step}:{number}"
    return locator


def given_locator(text: str) -> str:
    """Return the locator for typed text: of a file with exactly that name if it exists, else the text."""
    return path_locator(text) if not is_in_bucket(text) and os.path.lexists(text) else text


def place_of(locator: str) -> Place:
    """Parse a locator into the replay's place; the inverse of `path_locator` and `nested_locator`."""
    within = None if is_in_bucket(locator) else _IN_ARCHIVE.fullmatch(locator)
    # No file can be the second archive with a name, so such a text means the file with that whole name.
    if within is None or within["number"] is not None:
        return Place(_unescaped(locator))
    steps: list[tuple[str, int]] = []
    rest = within["member"]
    while (nested := _IN_ARCHIVE.fullmatch(rest)) is not None:
        steps.append((_unescaped(nested["archive"]), int(nested["number"] or 1)))
        rest = nested["member"]
    numbered = _NUMBERED.fullmatch(rest)
    name, number = (rest, 1) if numbered is None else (numbered["name"], int(numbered["number"]))
    (member, first), *inner = [*steps, (_unescaped(name), number)]
    return Place(_unescaped(within["archive"]), member, first, tuple(inner))


def _escaped(text: str) -> str:
    return shown(_LOOKS_LIKE_ESCAPE.sub(r"\\x5c", text))


def _unescaped(text: str) -> str:
    data = _ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), text.encode("utf-8", "surrogateescape"))
    return data.decode("utf-8", "surrogateescape")
