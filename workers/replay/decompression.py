"""Decompress a .gz, .xz or .zst piece by piece, and return all available bytes before raising an error.

The libraries' own readers raise before they return the last bytes of a file that was cut.
"""

from __future__ import annotations

import gzip
import lzma
import zlib
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE_BYTES: Final = 1 << 18
_XZ_MEMORY_BYTES: Final = 256 << 20  # a dictionary of 64 MiB (xz -9) takes 65 MiB to read

DAMAGE: Final = (zlib.error, lzma.LZMAError, EOFError, pa.ArrowException)
"""Errors that the decompressors raise for damaged bytes, besides OSError without an errno."""


class Stream(Protocol):
    """A source of bytes that is read in order."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...


class _Gzip:
    """The content of a .gz file, as far as it can be read."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._unpacked = gzip.GzipFile(fileobj=packed, mode="rb")

    def read(self, size: int, /) -> bytes:
        return self._unpacked.read1(size)


class _Xz:
    """The content of an .xz file; consecutive streams count as one, as in xz itself."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._decompressor = self._fresh()
        self._is_between = False

    def read(self, size: int, /) -> bytes:
        while True:
            piece = b""
            if self._decompressor.eof:
                piece = self._decompressor.unused_data.lstrip(b"\0")  # padding between two streams
                self._decompressor, self._is_between = self._fresh(), True
            if not piece and self._decompressor.needs_input:
                piece = self._packed.read(_PIECE_BYTES)
                if self._is_between:
                    piece = piece.lstrip(b"\0") or piece[:0]
                if not piece:
                    return self._end()
            self._is_between = False
            if unpacked := self._decompressor.decompress(piece, size):
                return unpacked

    def _end(self) -> bytes:
        if not self._is_between:
            message = "it is cut off"
            raise EOFError(message)
        return b""

    @staticmethod
    def _fresh() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)


class _Zstd:
    """The content of a .zst file."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._unpacked = cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(packed, "r"), "zstd"))

    def read(self, size: int, /) -> bytes:
        return self._unpacked.read(size)


_READERS: Final[dict[str, Callable[[IO[bytes]], Stream]]] = {
    ".gz": _Gzip, ".tgz": _Gzip, ".xz": _Xz, ".txz": _Xz, ".zst": _Zstd, ".tzst": _Zstd,
}  # fmt: skip


def decompressed(packed: IO[bytes], name: str) -> Stream:
    """Return the content of a file whose name tells how it is compressed.

    Raises:
        KeyError: the name tells no compression.
    """
    return _READERS[name[name.rindex(".") :].lower()](packed)
