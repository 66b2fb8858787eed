"""Tell how well a version of Slippi's playback Dolphin is known: tried here, read in its source, or neither.

The program prints its version itself (`--version`). The only relevant difference between versions is how many
bytes the device gives the game for each character, which the game finds out by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Standing: TypeAlias = Literal["tried", "source", "unknown", "mainline"]
"""How well a version is known; `mainline` is the newer program, which this driver cannot run."""

_TRIED: Final = ((3, 1, 0),)
_FIRST_READ: Final = (3, 1)
_LAST_PLAIN: Final = (3, 4)
_LAST_READ: Final = (3, 6)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_MAINLINE_MAJOR: Final = 4


@dataclass(frozen=True, slots=True)
class VersionKnowledge:
    """How well one version is known.

    Attributes:
        standing: how well it is known, in one word.
        about: the same as the end of a sentence, for people.
    """

    standing: Standing
    about: str


def knowledge_of(version: str) -> VersionKnowledge:
    """Return how well a version is known, as the program prints it: "3.4.1", "4.0.0-mainline-beta.1" ..."""
    found = _VERSION.match(version)
    if found is None:
        return VersionKnowledge("unknown", "not the form of any version that is known")
    number = tuple(int(part) for part in found.groups())
    if number[0] >= _MAINLINE_MAJOR or "mainline" in version:
        about = "built on mainline Dolphin, which prints no frame numbers and has no --cout: not supported"
        return VersionKnowledge("mainline", about)
    if number in _TRIED:
        return VersionKnowledge("tried", "tried here, with the stand-in as its game")
    if not _FIRST_READ <= number[:2] <= _LAST_READ:
        first, last = (".".join(map(str, each)) for each in (_FIRST_READ, _LAST_READ))
        return VersionKnowledge("unknown", f"outside {first} to {last}, of which something is known")
    num_bytes = "50" if number[:2] <= _LAST_PLAIN else "50 or 52"
    return VersionKnowledge("source", f"known by its source ({num_bytes} bytes a character), not tried")
