r"""Make texts from strangers safe to print: each byte that cannot be printed is written as \xHH.

This module imports nothing of ours, since every command needs it, also one that reads no replay.
"""

from __future__ import annotations

import unicodedata
from typing import Final

# Control and format characters (which turn the direction of writing), halves of characters, ends of lines.
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def shown(text: str) -> str:
    r"""Return a text in which each byte that cannot be printed is written as \xHH; other text stays."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_as_bytes(one) if unicodedata.category(one) in _UNPRINTABLE else one for one in text)


def _as_bytes(character: str) -> str:
    # Python represents a byte that is not UTF-8 as a surrogate in this range.
    errors = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", errors))
