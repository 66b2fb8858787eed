"""Read the few UBJSON types that the metadata of .slp files have, with limits on depth and size."""

from __future__ import annotations

import struct
from typing import Any

_MAX_DEPTH = 16
_MAX_ENTRIES = 10_000
_NUMBERS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"d": ">f", b"D": ">d"}
_CONSTANTS: dict[bytes, Any] = {b"T": True, b"F": False, b"Z": None}


class UbjsonError(ValueError):
    """The bytes are cut, or are not the UBJSON that this module reads."""


def read_object(data: bytes, position: int) -> dict[str, Any]:
    """Read the object whose opening brace ends just before position.

    Raises:
        UbjsonError: The object is cut, nested deeper than 16, has more than 10,000 entries, or other types.
    """
    return _Reader(data, position).read_object(depth=0)


class _Reader:
    """A cursor over the bytes, which every read advances."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position
        self._entries = 0

    def _take(self, count: int) -> bytes:
        taken = self._data[self._position : self._position + count]
        if count < 0 or len(taken) != count:
            msg = f"cut at byte {self._position}: wanted {count} more bytes"
            raise UbjsonError(msg)
        self._position += count
        return taken

    def _number(self, marker: bytes) -> Any:
        layout = _NUMBERS[marker]
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _text(self) -> str:
        marker = self._take(1)
        if marker not in _NUMBERS or marker in b"dD":
            msg = f"a length cannot be of type {marker!r}"
            raise UbjsonError(msg)
        return self._take(self._number(marker)).decode("utf-8", errors="replace")

    def read_object(self, depth: int) -> dict[str, Any]:
        if depth > _MAX_DEPTH:
            msg = f"nested deeper than {_MAX_DEPTH}"
            raise UbjsonError(msg)
        result: dict[str, Any] = {}
        while self._take(1) != b"}":
            self._position -= 1
            self._entries += 1
            if self._entries > _MAX_ENTRIES:
                msg = f"more than {_MAX_ENTRIES} entries"
                raise UbjsonError(msg)
            key = self._text()
            result[key] = self._value(depth)
        return result

    def _value(self, depth: int) -> Any:
        marker = self._take(1)
        if marker == b"{":
            return self.read_object(depth + 1)
        if marker == b"S":
            return self._text()
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker in _NUMBERS:
            return self._number(marker)
        msg = f"type {marker!r} at byte {self._position - 1} is not one that metadata uses"
        raise UbjsonError(msg)
