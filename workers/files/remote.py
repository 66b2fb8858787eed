"""Names of the files that a run fetches from S3; no text that is shown to people contains their places.

s3://BUCKET/melee.iso -> RemoteName -> RemoteFile: the same, with the size and the hash of its bytes
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

SCHEME: Final = "s3://"


def is_remote(place: str) -> bool:
    """Return whether a setting names an object on S3 and not a path."""
    return place.startswith(SCHEME)


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that a run needs on every machine.

    Attributes:
        what: the words for it in messages, e.g. "the game image".
        flag: the command-line flag that names it.
        suffixes: the suffixes that its name may have, by which programs recognise it.
        max_bytes: the largest size that is fetched.
    """

    what: str
    flag: str
    suffixes: tuple[str, ...]
    max_bytes: int

    def suffix_of(self, name: str) -> str | None:
        """Return the suffix of a file's name, as declared here; None if it has none of these."""
        lower = name.lower()
        return next((suffix for suffix in self.suffixes if lower.endswith(suffix.lower())), None)


GAME_IMAGE: Final = FileKind(
    "the game image", "--game-image", (".iso", ".gcm", ".ciso", ".gcz", ".dol"), 4 << 30
)
PROGRAM: Final = FileKind(
    "the playback Dolphin", "--slippi-dolphin", (".AppImage", ".zip", ".tar.gz", ".tgz", ".tar"), 1 << 30
)


@dataclass(frozen=True, slots=True)
class RemoteName:
    """The place of one object on S3. Its text never holds the place itself.

    Attributes:
        kind: what the object is.
        url: s3://BUCKET/KEY.

    Raises:
        ValueError: the URL names no object, or its suffix is not one of its kind.
    """

    kind: FileKind
    url: str = field(repr=False)

    def __post_init__(self) -> None:
        if not (self.url.startswith(SCHEME) and self.bucket and self.key) or self.suffix is None:
            message = (
                f"{self.kind.flag}: an s3:// URL names one object, s3://BUCKET/NAME, where NAME ends in "
                f"{' or '.join(self.kind.suffixes)}"
            )
            raise ValueError(message)

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.url.removeprefix(SCHEME).partition("/")[0]

    @property
    def key(self) -> str:
        """The object's key."""
        return self.url.removeprefix(SCHEME).partition("/")[2]

    @property
    def suffix(self) -> str | None:
        """The suffix of its name, by which programs recognise it."""
        return self.kind.suffix_of(self.key.rpartition("/")[2])


def check_place(kind: FileKind, place: str) -> None:
    """Check that an s3:// URL names one file of this kind; a path is only checked when it is used.

    Raises:
        ValueError: the URL does not name such a file.
    """
    if is_remote(place):
        RemoteName(kind, place)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """An object on S3 whose bytes are known, so that every machine of a run can tell that it got the same.

    Attributes:
        name: where the object is.
        size_bytes: the object's size.
        sha256: hash of all its bytes, hex.
    """

    name: RemoteName
    size_bytes: int
    sha256: str
