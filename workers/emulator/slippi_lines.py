"""Parse the progress lines that Slippi's playback Dolphin prints with --cout."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

FILE_PATH: Final = "FILE_PATH"  # a replay was opened; its path follows
LRAS: Final = "LRAS"  # the replay ends by quitting out, or does not record its end
PLAYBACK_START_FRAME: Final = "PLAYBACK_START_FRAME"
GAME_END_FRAME: Final = (
    "GAME_END_FRAME"  # the last frame in the file, printed before the first: not the game's end
)
PLAYBACK_END_FRAME: Final = "PLAYBACK_END_FRAME"
CURRENT_FRAME: Final = (
    "CURRENT_FRAME"  # a frame was asked for; not yet answered, so it may be one past the end
)
NO_GAME: Final = "NO_GAME"

_NUMBERED: Final = frozenset({PLAYBACK_START_FRAME, GAME_END_FRAME, PLAYBACK_END_FRAME, CURRENT_FRAME})
_PLAIN: Final = frozenset({FILE_PATH, LRAS, NO_GAME})
_SHAPE: Final = re.compile(r"\[([A-Z_]+)\](?: (.*))?")


@dataclass(frozen=True, slots=True)
class SlippiLine:
    """One progress line.

    Attributes:
        tag: one of the words above.
        number: its slp_frame; None for the tags that carry none.
    """

    tag: str
    number: int | None


def parse_line(text: str) -> SlippiLine | None:
    """Parse a progress line; None for other text, as GTK and drivers write to the same stream.

    A known tag whose value is not a whole number is not a progress line either. This never raises.
    """
    shape = _SHAPE.fullmatch(text.rstrip("\r\n"))
    if shape is None:
        return None
    tag, value = shape.group(1), shape.group(2)
    if tag in _PLAIN:
        return SlippiLine(tag, None)
    if tag in _NUMBERED and value is not None and re.fullmatch(r"-?[0-9]{1,10}", value):
        return SlippiLine(tag, int(value))
    return None
