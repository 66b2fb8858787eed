"""Plays a game in mainline Dolphin without its dump, as a lower bound for the emulator's own cost.

If no picture is read back, Dolphin hands drawing commands to the driver in batches of over a thousand frames.
Nothing waits for the last batch, which is lost when the process ends. So the shorter a game, the less of it
was drawn: 1,200 frames cost as little as with a backend that draws nothing. Copying each picture into the
game's memory would prevent that, but costs as much as the dump.
"""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING, Final

from manifests.ledger.reasons import Reason
from workers.emulator.contract import CURRENT_FRAME, GAME_END_FRAME
from workers.emulator.mainline import MainlineDolphin, game_line
from workers.errors import EmulatorFailed

if TYPE_CHECKING:
    from pathlib import Path

    from workers.emulator.contract import BootImage

_PLAY_SECONDS: Final = 900.0


def seconds_without_dump(boot: BootImage, scratch: Path) -> float:
    """Play a game without taking its pictures; return the seconds from its first log line to its last.

    Raises:
        EmulatorFailed: the emulator ended early, or took too long.
    """
    moments: queue.SimpleQueue[tuple[str, float]] = queue.SimpleQueue()

    def note(line: str) -> bool:
        said = game_line(line)
        if said is not None and said.startswith((CURRENT_FRAME, GAME_END_FRAME)):
            moments.put((said, time.monotonic()))
        return True

    with MainlineDolphin().started(boot, scratch, None) as (_, output):
        output.start(note, lambda: moments.put(("", 0.0)))
        begun = time.monotonic()
        first = None
        while True:
            try:
                text, moment = moments.get(timeout=begun + _PLAY_SECONDS - time.monotonic())
            except (queue.Empty, ValueError) as error:
                message = f"the game was not over within {_PLAY_SECONDS:g} s"
                raise EmulatorFailed(Reason.EMULATOR_TIMEOUT, message) from error
            if not text:
                said = " | ".join(output.tail()[-3:])
                message = f"the emulator ended in the middle of the game; it said: {said or 'nothing'}"
                raise EmulatorFailed(Reason.EMULATOR_EXIT, message)
            first = first or moment
            if text.startswith(GAME_END_FRAME):
                return moment - first
