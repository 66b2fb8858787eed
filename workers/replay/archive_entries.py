"""Open archives of every kind (.zip, .7z, .tar ...), and yield their members in one form."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, cast

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay.content import MAX_REPLAY_BYTES
from workers.replay.decompression import decompressed
from workers.replay.locator import NameKind, archive_suffix, kind_of_name
from workers.replay.tar_archive import open_tar, tar_members, why_not_read
from workers.replay.zip_archive import ZipIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.replay.decompression import Stream

INDEXED: Final = (".zip", ".tar")
"""The archives whose members can be read directly, without reading those before them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of an open archive; its content can be read until the next member is yielded."""

    name: str
    number: int
    content: IO[bytes] | ReplayRefused | None


def entries(
    file: IO[bytes], name: str, most_inner_bytes: int, wanted: tuple[str, int] | None = None
) -> Iterator[Entry]:
    """Yield the members of an open archive, from a .zip in order of name, otherwise in the archive's order.

    Args:
        file: the archive, seekable and at its beginning.
        name: the archive's name, which tells its kind.
        most_inner_bytes: how many bytes of a member that is itself an archive can be used.
        wanted: name and number of the only member whose content is needed; None for all.

    Raises:
        ReplayRefused: UNREADABLE: the archive is damaged.
        Exception: errors of the libraries about damaged archives; see `DAMAGE` in the neighbouring modules.
    """
    suffix = archive_suffix(name)
    if suffix == ".zip":
        yield from _of_zip(file, wanted)
    elif suffix == ".7z":
        yield from _of_sevenzip(file, most_inner_bytes, wanted)
    elif suffix == ".tar":
        yield from _of_tar(file, is_stream=False)
    else:
        yield from _of_tar(decompressed(file, name), is_stream=True)


def _of_zip(file: IO[bytes], wanted: tuple[str, int] | None) -> Iterator[Entry]:
    index = ZipIndex(file)
    for name, number in index.names():
        content: IO[bytes] | ReplayRefused | None = None
        if wanted in (None, (name, number)) and _is_of_interest(name):
            try:
                content = index.open(name, number)
            except ReplayRefused as refusal:
                content = refusal
        try:
            yield Entry(name, number, content)
        finally:
            if content is not None and not isinstance(content, ReplayRefused):
                content.close()


def _of_tar(file: Stream, *, is_stream: bool) -> Iterator[Entry]:
    seen: Counter[str] = Counter()
    with open_tar(cast("IO[bytes]", file), "r|" if is_stream else "r:") as opened:
        for header in tar_members(opened):
            seen[header.name] += 1
            content: IO[bytes] | ReplayRefused | None = None
            if _is_of_interest(header.name):
                why_not = why_not_read(header)
                content = (
                    opened.extractfile(header) if why_not is None else ReplayRefused(Reason.NOT_READ, why_not)
                )
            yield Entry(header.name, seen[header.name], content)


def _of_sevenzip(file: IO[bytes], most_inner_bytes: int, wanted: tuple[str, int] | None) -> Iterator[Entry]:
    from workers.replay.sevenzip import sevenzip_members  # noqa: PLC0415 - few need it, and it is large

    def most_bytes(name: str) -> int:
        if wanted is not None and name != wanted[0]:
            return 0
        kind = kind_of_name(name)
        # One byte more than allowed is read, to see whether there is more.
        return {NameKind.REPLAY: MAX_REPLAY_BYTES + 1, NameKind.ARCHIVE: most_inner_bytes + 1}.get(kind, 0)

    for member in sevenzip_members(file, most_bytes):
        try:
            yield Entry(member.name, member.number, member.content)
        finally:
            if member.content is not None:
                member.content.close()


def _is_of_interest(name: str) -> bool:
    return kind_of_name(name) in (NameKind.REPLAY, NameKind.ARCHIVE)
