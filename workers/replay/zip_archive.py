"""Open a .zip and find all of its members, even the second of two with the same name."""

from __future__ import annotations

import zipfile
from typing import IO, TYPE_CHECKING

from manifests.ledger.reasons import Reason
from manifests.plain_file import open_plain
from workers.errors import ReplayRefused
from workers.replay.tar_archive import DAMAGE

if TYPE_CHECKING:
    from collections.abc import Iterator


def trouble(error: BaseException) -> str:
    """Describe an error of a .zip; zipfile's own messages name a member, whose name may be a player's."""
    if isinstance(error, NotImplementedError):  # a subclass of RuntimeError, so it is first
        return "it is compressed in a way that is not read here; pack it anew"
    if isinstance(error, RuntimeError):
        return "it is encrypted; unpack it with its password first"
    return "it is damaged, or cut off"


class ZipIndex:
    """An open .zip, given by its path or as a seekable file, with its table of contents.

    Raises:
        ReplayRefused: UNREADABLE: the file is not a whole .zip.
        OSError: The file cannot be read.
    """

    def __init__(self, archive: str | IO[bytes]) -> None:
        if isinstance(archive, str):
            open_plain(archive).close()  # zipfile would wait at a FIFO
        try:
            self._opened = zipfile.ZipFile(archive)
        except DAMAGE as error:
            raise ReplayRefused(Reason.UNREADABLE, f"not a .zip: {trouble(error)}") from error
        self._members: dict[str, list[zipfile.ZipInfo]] = {}
        for member in self._opened.infolist():
            if not member.filename.endswith("/"):  # is_dir fails for a member without a name
                self._members.setdefault(member.filename, []).append(member)

    def names(self) -> Iterator[tuple[str, int]]:
        """Yield each file's name and number, in order of name; the number is 1 for the first with a name."""
        for name in sorted(self._members):
            for number in range(1, len(self._members[name]) + 1):
                yield name, number

    def open(self, name: str, number: int) -> IO[bytes] | None:
        """Open one member for reading; None if there is none with that name and number.

        Raises:
            ReplayRefused: UNREADABLE: the member is encrypted, oddly compressed, or its header is damaged.
        """
        members = self._members.get(name, [])
        if number > len(members):
            return None
        try:
            return self._opened.open(members[number - 1])
        except DAMAGE as error:
            raise ReplayRefused(
                Reason.UNREADABLE, f"cannot be read from its .zip: {trouble(error)}"
            ) from error
