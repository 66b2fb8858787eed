"""Walk through a .tar like tarfile, but raise an error if the archive is cut or makes impossible claims.

tarfile treats a header that is cut or damaged as the end of the archive, and reads extended headers of any
size into memory.
"""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_HEADER_BYTES: Final = 1 << 20
"""The longest extended header (a long name, pax records) that is read; real ones have hundreds of bytes."""

MAX_NAME_BYTES: Final = 4096
"""The longest name of a member, which is the longest path on Linux."""
MAX_NAMES_BYTES: Final = 256 << 20
"""How long the names of all members of an archive may be together: in practice enough for 2 million."""
_MAX_SPARSE_BLOCKS: Final = MAX_HEADER_BYTES // tarfile.BLOCKSIZE

DAMAGE: Final = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError,
    IndexError, KeyError, OverflowError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""Errors of the standard library about archives that are damaged, encrypted or compressed otherwise."""

_EXTENDED: Final = frozenset(
    {
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
    }
)
_KEPT: Final = "num_kept_bytes"
_PIECE_BYTES: Final = 1 << 18


class _CheckedHeader(tarfile.TarInfo):
    """A header that raises an error in cases in which tarfile would stop silently."""

    def _proc_member(self, opened: tarfile.TarFile) -> tarfile.TarInfo:
        """Refuse impossible sizes, before anything after the header is read.

        Every version of tarfile calls this method; not all of them, for example Debian 12's, call `frombuf`.
        """
        if self.size < 0 or (self.type in _EXTENDED and self.size > MAX_HEADER_BYTES):
            message = f"a header claims {self.size} bytes"
            raise tarfile.ReadError(message)
        if self.type == tarfile.XGLTYPE:
            # Such a header holds for all following members, so its size is added up: each member may have
            # one.
            kept = getattr(opened, _KEPT, 0) + self.size
            setattr(opened, _KEPT, kept)
            if kept > MAX_HEADER_BYTES:
                message = f"its global headers have {kept} bytes"
                raise tarfile.ReadError(message)
        member: tarfile.TarInfo = super()._proc_member(opened)  # type: ignore[misc] # not in the type stubs
        return member

    def _proc_sparse(self, opened: tarfile.TarFile) -> tarfile.TarInfo:
        """Skip the map of a file with holes, which tarfile would read into memory, however long it is.

        Such a file is not read (see `why_not_read`), so the map is not needed.
        """
        _, is_extended, true_size = self._sparse_structs  # type: ignore[attr-defined]
        del self._sparse_structs  # type: ignore[attr-defined]
        num_blocks = 0
        assert opened.fileobj is not None, "a TarFile that is open has its file"
        while is_extended:
            num_blocks += 1
            if num_blocks > _MAX_SPARSE_BLOCKS:
                message = f"the map of a file with holes has more than {MAX_HEADER_BYTES} bytes"
                raise tarfile.ReadError(message)
            is_extended = bool(opened.fileobj.read(tarfile.BLOCKSIZE)[504])
        self.sparse = b""
        self.offset_data = opened.fileobj.tell()
        opened.offset = self.offset_data + self._block(self.size)  # type: ignore[attr-defined]
        self.size = true_size
        return self

    def _proc_gnusparse_10(self, member: tarfile.TarInfo, _: dict[str, str], __: tarfile.TarFile) -> None:
        """Skip the map of a file with holes, which is in front of the file's bytes; as `_proc_sparse`."""
        member.sparse = b""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> _CheckedHeader:
        """Read the next header, and raise an error if it is cut or damaged."""
        return _next_header(cls, tarfile)


def _next_header(kind: type[_CheckedHeader], opened: tarfile.TarFile) -> _CheckedHeader:
    try:
        return super(_CheckedHeader, kind).fromtarfile(opened)
    except tarfile.EOFHeaderError:  # type: ignore[attr-defined] # a block of zeros: the end, as it should be
        raise
    except tarfile.EmptyHeaderError as error:  # type: ignore[attr-defined]
        message = "it ends without the mark of an archive's end"
        raise tarfile.ReadError(message) from error
    except tarfile.HeaderError as error:
        raise tarfile.ReadError(str(error)) from error


@contextmanager
def open_tar(file: IO[bytes], mode: Literal["r:", "r|"]) -> Iterator[tarfile.TarFile]:
    """Open a .tar in a seekable file ("r:"), or in a stream ("r|").

    Raises:
        tarfile.TarError: The file is not a .tar.
    """
    with tarfile.open(
        fileobj=file, mode=mode, tarinfo=_CheckedHeader, encoding="utf-8", errors="surrogateescape"
    ) as opened:
        yield opened


def tar_members(opened: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield every member that is not a folder, in the archive's order.

    Raises:
        tarfile.TarError, or another of DAMAGE: the archive is damaged; raised after the members before that.
    """
    place, names_bytes = -1, 0
    while (member := opened.next()) is not None:
        opened.members = []  # type: ignore[attr-defined] # or all headers are held
        if opened.offset <= place or member.size < 0:
            message = "a header points back into the archive"
            raise tarfile.ReadError(message)
        place = opened.offset
        names_bytes += len(member.name)
        if len(member.name) > MAX_NAME_BYTES or names_bytes > MAX_NAMES_BYTES:
            message = (
                f"a name of {len(member.name)} bytes, {names_bytes} of all names: more than an honest one has"
            )
            raise tarfile.ReadError(message)
        if not member.isdir():
            yield member
    _check_rest(opened)


def why_not_read(member: tarfile.TarInfo) -> str | None:
    """Return why a member cannot be read, such as a link; None if it can."""
    if member.issym() or member.islnk():
        return "a link within an archive is not followed; unpack the archive"
    if member.sparse is not None:
        return "a file with holes within an archive is not read; unpack the archive"
    return None if member.isreg() else "not a file: a device, a FIFO or a kind that tar does not know"


def _check_rest(opened: tarfile.TarFile) -> None:
    """Read to the end of the file, as a .gz has its checksum there, and there may be a second archive."""
    rest = opened.fileobj
    assert rest is not None, "a TarFile that is open has its file"
    while piece := rest.read(_PIECE_BYTES):
        if piece.count(0) != len(piece):
            message = "there is more behind the mark of its end; are these several archives in one file?"
            raise tarfile.ReadError(message)
