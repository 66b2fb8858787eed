"""Names the files that a run fetches from S3; where they are is in no text that anybody is shown.

s3://BUCKET/melee.iso -> RemoteName -> RemoteFile: the same, with the size and the hash of its bytes
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

SCHEME: Final = "s3://"


def is_remote(place: str) -> bool:
    """Return whether a setting names an object on S3, and no path."""
    return place.startswith(SCHEME)


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that a run needs on every machine.

    Attributes:
        what: what people call it, e.g. "the game image".
        flag: the flag of the command line that names it.
        suffixes: the ends that its name may have; the programs that read it go by them.
        max_bytes: the most that is fetched.
    """

    what: str
    flag: str
    suffixes: tuple[str, ...]
    max_bytes: int

    def suffix_of(self, name: str) -> str | None:
        """Return the end of a file's name, as declared here; None if it has none of them."""
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
        ValueError: it names no object, or one whose name has another end than its kind allows.
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
        """The end of its name, by which programs tell what it is."""
        return self.kind.suffix_of(self.key.rpartition("/")[2])


def check_place(kind: FileKind, place: str) -> None:
    """Check that an s3:// URL names one file of this kind; a path is looked at when it is used.

    Raises:
        ValueError: it does not.
    """
    if is_remote(place):
        RemoteName(kind, place)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """An object on S3 whose bytes are known, so that every machine of a run can tell that it got the same.

    Attributes:
        name: where it is.
        size_bytes: its size.
        sha256: hash of all its bytes, hex.
    """

    name: RemoteName
    size_bytes: int
    sha256: str
