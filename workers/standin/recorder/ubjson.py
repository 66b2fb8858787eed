"""Write the few types of UBJSON (draft 12) that the metadata of a .slp file needs."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = "str | int | Mapping[str, Value]"


def key(name: str) -> bytes:
    """Return the bytes of a member's name, which has at most 255 bytes."""
    encoded = name.encode()
    return b"U" + bytes((len(encoded),)) + encoded


def encode(value: Value) -> bytes:
    """Return the bytes of a string, a 32-bit integer, or an object of those."""
    if isinstance(value, str):
        return b"S" + key(value)
    if isinstance(value, int):
        return b"l" + struct.pack(">i", value)
    return b"{" + b"".join(key(name) + encode(member) for name, member in value.items()) + b"}"
