"""Find the first dumped image of a game by the printed lines, and number all images from there.

    DumpedImage | PrintedLine ... -> CapturedImage | LogLine ..., from the game's first picture on

Before the game the emulator dumps its waiting screen, an unknown number of images. When it prints that
slp_frame n was asked for, image n + c is not drawn yet, image n + c - 1 has been drawn and waits in the
readback buffer, and image n + c - 2 is the newest whose file exists. So (newest image) - n is nearly always
c - 2, and the image of slp_frame n is number n + c. The constant c is found from the first lines of a play;
images wait until then.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from manifests.ledger.reasons import Reason
from manifests.state.schema import FIRST_SLP_FRAME
from workers.emulator import slippi_lines
from workers.emulator.contract import LogLine
from workers.emulator.dump_watcher import DumpedImage, PrintedLine
from workers.errors import EmulatorFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.emulator.dump_watcher import DumpEvent

READBACK_IMAGES: Final = 2
"""Number of images between the newest file and the requested frame (measured in test_slippi_real.py)."""
NUM_LINES: Final = 60
"""How many lines are used to find the constant: one second of play."""
MIN_MODE_SHARE: Final = 0.6
"""The least share of those lines that must agree on the constant."""


@dataclass(frozen=True, slots=True)
class CapturedImage:
    """One image of the game, still as a PNG; `capture_index` 0 shows slp_frame -123."""

    capture_index: int
    png: bytes


CapturedEvent: TypeAlias = CapturedImage | LogLine


def first_image_number(lines: list[tuple[int, int]]) -> int:
    """Return the number of the image that shows slp_frame -123.

    Args:
        lines: pairs of requested slp_frame and newest image that existed then, in order.

    Raises:
        EmulatorFailed: the lines do not keep a constant distance from the images.
    """
    distances = Counter(newest - slp_frame for slp_frame, newest in lines)
    (distance, count), *_ = distances.most_common(1) or [(0, 0)]
    if not lines or count < MIN_MODE_SHARE * len(lines):
        message = (
            f"the printed lines keep no constant distance from the images: {count} of {len(lines)} agree; "
            "is the emulator running dual core, or the machine badly overloaded?"
        )
        raise EmulatorFailed(Reason.MISALIGNED, message)
    return FIRST_SLP_FRAME + distance + READBACK_IMAGES


class ImageNumbering:
    """Holds events back until the game's first image is known, then yields them with their new numbers.

    Attributes:
        first_image: the number of the image that shows slp_frame -123; None until it is known.
    """

    def __init__(self) -> None:
        self.first_image: int | None = None
        self._held: list[DumpEvent] = []
        self._lines: list[tuple[int, int]] = []
        self._next_image: int | None = None
        self._early_lines: list[PrintedLine] = []

    def feed(self, event: DumpEvent, *, is_last: bool = False) -> Iterator[CapturedEvent]:
        """Take the next event, and yield all events that are ready; `is_last` if no further line will come.

        Raises:
            EmulatorFailed: there is no constant distance, or an image is missing.
        """
        if self.first_image is not None:
            yield from self._renumber(event, self.first_image)
            return
        request = _request(event)
        if request is not None:
            self._lines.append(request)
        elif not self._lines and isinstance(event, DumpedImage):
            return  # the first frame's line was not printed yet, so this image is from before the game
        self._held.append(event)
        if len(self._lines) >= NUM_LINES or (is_last and self._lines):
            self.first_image = first_image_number(self._lines)
            held, self._held = self._held, []
            for one in held:
                yield from self._renumber(one, self.first_image)

    def _renumber(self, event: DumpEvent, first_image: int) -> Iterator[CapturedEvent]:
        expected = first_image if self._next_image is None else self._next_image
        if isinstance(event, PrintedLine):
            if event.newest_begun >= expected:  # that image is still being written, and comes first
                self._early_lines.append(event)
            else:
                yield _log_line(event, first_image)
            return
        # This is an image of the waiting screen, from before the game.
        if event.number < first_image:
            return
        if event.number != expected:
            message = f"dumped image {event.number} came where {expected} is due: an image is missing"
            raise EmulatorFailed(Reason.MISALIGNED, message)
        self._next_image = event.number + 1
        yield CapturedImage(event.number - first_image, event.png)
        # Lines that were printed while this image was being written come after it.
        while self._early_lines and self._early_lines[0].newest_begun <= event.number:
            yield _log_line(self._early_lines.pop(0), first_image)


def _log_line(line: PrintedLine, first_image: int) -> LogLine:
    return LogLine(max(-1, line.newest_begun - first_image), line.text)


def _request(event: DumpEvent) -> tuple[int, int] | None:
    if isinstance(event, DumpedImage):
        return None
    line = slippi_lines.parse_line(event.text)
    if line is None or line.tag != slippi_lines.CURRENT_FRAME or line.number is None:
        return None
    return line.number, event.newest_begun
