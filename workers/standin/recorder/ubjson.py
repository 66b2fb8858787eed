"""The little of UBJSON (draft 12) that an .slp's metadata is written in."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = "str | int | Mapping[str, Value]"


def key(name: str) -> bytes:
    """A member's name; at most 255 bytes."""
    encoded = name.encode()
    return b"U" + bytes((len(encoded),)) + encoded


def encode(value: Value) -> bytes:
    """A string, a 32-bit integer, or an object of those."""
    if isinstance(value, str):
        return b"S" + key(value)
    if isinstance(value, int):
        return b"l" + struct.pack(">i", value)
    return b"{" + b"".join(key(name) + encode(member) for name, member in value.items()) + b"}"
