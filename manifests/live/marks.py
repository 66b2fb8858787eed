"""Mark the slots of a run that a person should look at, such as those with dark or still pictures."""

from __future__ import annotations

import statistics
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manifests.live.notes import GameNote

DARK_FRAMES: Final = 90  # a second and a half: Melee's own fades are shorter
STILL_FRAMES: Final = 150  # Melee's timer changes every frame, and no replay contains its pause
SILENT_INTERVALS: Final = 4.0  # consecutive notes that did not come
SILENT_SECONDS: Final = 10.0  # and at least this long, since clocks differ and a new game has to boot
_SLOW_SHARE: Final = 0.5  # share of the median slot's speed


class Mark(StrEnum):
    """An oddity of a slot that a person should look at."""

    BLACK = "black"
    FROZEN = "frozen"
    SILENT = "silent"
    SLOW = "slow"


def marks_of(
    notes: Mapping[str, GameNote], running_since: Mapping[str, float], live_seconds: float, now: float
) -> dict[str, tuple[Mark, ...]]:
    """Find the marks of every running game.

    Args:
        notes: the newest note of each game, by game_id; a game without a note has not shown a picture yet.
        running_since: when each running game was begun, by game_id, in seconds since the epoch.
        live_seconds: seconds between two notes of a game.
        now: the present time, in seconds since the epoch.

    Returns:
        The marks of each running game, in the order of `Mark`.
    """
    paces = [notes[each].frames_per_second for each in running_since if each in notes]
    usual = statistics.median(paces) if paces else 0.0
    patience = max(SILENT_INTERVALS * live_seconds, SILENT_SECONDS)
    found: dict[str, tuple[Mark, ...]] = {}
    for game_id, since in running_since.items():
        note = notes.get(game_id)
        heard_at = since if note is None or note.taken_at < since else note.taken_at
        is_proving = note is not None and note.num_shown >= note.num_frames  # all pictures have been shown
        is_so = {
            Mark.BLACK: note is not None and note.dark_frames >= DARK_FRAMES,
            Mark.FROZEN: note is not None and note.still_frames >= STILL_FRAMES,
            # A game's first note comes with its first picture, after its emulator has booted.
            Mark.SILENT: not is_proving and now - heard_at > (3 * patience if note is None else patience),
            Mark.SLOW: note is not None and note.frames_per_second < _SLOW_SHARE * usual,
        }
        found[game_id] = tuple(mark for mark, holds in is_so.items() if holds)
    return found
