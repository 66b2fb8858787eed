"""Explains each kind of evidence for users who meet it on a page for the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

EVIDENCE_MEANING: Final[Mapping[str, str]] = {
    "count": "whether there are as many pictures as frames",
    "log": "whether the numbers that the game prints while it runs keep pace with its pictures",
    "stamp": "whether the number painted into each picture is that of its frame",
    "motion": "whether pictures move as the state says that the fighters do",
    "encoded_stamp": "the stamp again, read from the finished video",
    "encoded_motion": "the motion again, read from the finished video",
    "rerecording": "whether the emulator, recording while it played, wrote the same game again",
}
"""What each kind of evidence looks at, by its name in EVIDENCE_NAMES; a test compares the names."""

NO_VOTE: Final = (
    "An observer without a vote could not tell, for the reason beside it: it speaks neither for the game nor "
    "against it. A game is in the dataset only if all that can tell agree, and enough of them can."
)
