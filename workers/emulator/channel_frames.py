"""Take pictures out of Slippi's Dolphin by the preloaded library: converted, in order, each with its frame.

    socket, shared memory -> ShownPicture | Line ... -> Picture | LogLine ...

Every picture carries the frame that the game had asked for when the picture was shown, so the game's first
picture is the first with -123: nothing is inferred, and no constant is needed. The emulator dumps no files.
"""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING, Final, Self

from manifests.ledger.reasons import Reason
from manifests.state.schema import FIRST_SLP_FRAME
from workers.emulator.contract import LogLine, Picture
from workers.emulator.frame_channel.build import LIBRARY, MACHINE
from workers.emulator.frame_channel.reader import ChannelReader
from workers.emulator.frame_channel.records import VERSION, Hello, Line, ShownPicture
from workers.emulator.png_picture import require_size
from workers.errors import EmulatorFailed, EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from workers.emulator.child import Child
    from workers.emulator.slippi_frames import SlippiEvent
    from workers.emulator.slippi_preset import SlippiPreset

DESCRIPTOR_VARIABLE: Final = "DOLPHIN_FARM_CHANNEL_FD"
PICTURES_VARIABLE: Final = "DOLPHIN_FARM_PICTURES_FD"
_PRELOAD: Final = "LD_PRELOAD"
_CLOSE_SECONDS: Final = 10.0
_EXIT_SECONDS: Final = 10.0  # a dying emulator closes its channel well before it is dead, on a busy machine
_FIRST_SECONDS: Final = 25.0  # for the first picture: opening a window on a busy machine takes some time
_LINES_EVERY: Final = 120  # pictures; more than can wait between the emulator and us
_REMEDY: Final = "take --frames png"


def require_channel(preset: SlippiPreset) -> None:
    """Check, as far as possible before the emulator runs, that the channel can work on this machine.

    Raises:
        EnvironmentFailed: the channel cannot work here; the text says why, and what works instead.
    """
    why = None
    if platform.machine() != MACHINE:
        why = f"its library is prebuilt for {MACHINE}, this machine is {platform.machine()}"
    elif not LIBRARY.is_file():
        why = f"{LIBRARY} is missing"
    elif set(str(LIBRARY)) & {" ", ":"}:
        why = f"the loader cannot take a library whose path holds a space or a colon: {LIBRARY}"
    elif preset.backend != "OGL":
        why = f"it takes OpenGL's pictures, and the backend is {preset.backend}"
    if why is not None:
        message = f"the frame channel cannot be used: {why}; {_REMEDY}"
        raise EnvironmentFailed(message)


class ChannelFrames:
    """The preloaded library's channel: a socket and memory for pictures.

    Args:
        width, height: size of the pictures, in pixels.
        home: a folder for the play.
    """

    dumps = False

    def __init__(self, width: int, height: int, home: Path) -> None:
        self._size = width, height
        self._stdout = home / "stdout"
        self._child: Child | None = None
        self._begun = time.monotonic()
        self._newest = -1
        self._newest_number: int | None = None
        self._has_greeted = False
        self._has_shown = False
        self._has_lines = False
        self._has_printed = False

    @property
    def stdout(self) -> Path:
        """The file that gets the emulator's standard output; unread, since lines come as records."""
        return self._stdout

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The emulator's end of the socket, and the memory."""
        return (self._reader.descriptor, self._reader.pictures_descriptor)

    @property
    def variables(self) -> Mapping[str, str]:
        """Variables that make the loader load the library, before those that the user preloads."""
        others = os.environ.get(_PRELOAD)
        preload = f"{LIBRARY}:{others}" if others else str(LIBRARY)
        return {
            _PRELOAD: preload,
            DESCRIPTOR_VARIABLE: str(self._reader.descriptor),
            PICTURES_VARIABLE: str(self._reader.pictures_descriptor),
        }

    def __enter__(self) -> Self:
        self._reader = ChannelReader()
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close(_CLOSE_SECONDS)

    def supervise(self, child: Child) -> None:
        """Begin to read the records that this emulator writes."""
        self._child = child
        self._begun = time.monotonic()
        self._reader.start()

    def let_go(self) -> None:
        """Discard further records: an emulator that waits for a reader could not end."""
        self._reader.discard()

    def take(self, timeout_seconds: float) -> SlippiEvent | None:
        """Return the next picture or line, or None if there was none in time.

        Raises:
            EnvironmentFailed: the library does not work in this emulator, or has another version.
            EmulatorFailed: the channel broke although the emulator still runs.
        """
        record = self._reader.take(timeout_seconds)
        if isinstance(record, Hello):
            if record.version != VERSION:
                message = f"the preloaded library is version {record.version}, its reader {VERSION}"
                raise EnvironmentFailed(message)
            self._has_greeted = True
            return None
        if record is None:
            self._look_for_trouble()
        self._has_shown = self._has_shown or isinstance(record, ShownPicture)
        return record

    def is_drained(self) -> bool:
        """Return whether the channel has ended and all its events were taken."""
        return self._reader.ended() is not None

    def look_at(self, event: SlippiEvent) -> int:
        """Check a picture's size and return its number; 0 for a line."""
        if not isinstance(event, ShownPicture):
            return 0
        self._require_size(event)
        return event.number

    def feed(
        self,
        event: SlippiEvent,
        *,
        is_last: bool,  # noqa: ARG002 - the other way waits for lines, this one does not
    ) -> Iterator[Picture | LogLine]:
        """Yield the line, or the picture if it belongs to the game."""
        if isinstance(event, Line):
            self._has_lines = True
            yield LogLine(self._newest, event.text)
        elif isinstance(event, ShownPicture) and self._is_of_the_game(event):
            self._require_size(event)
            self._newest += 1
            yield Picture(self._newest, event.yuv, event.slp_frame_asked)

    def _is_of_the_game(self, picture: ShownPicture) -> bool:
        before, self._newest_number = self._newest_number, picture.number
        if before is not None and picture.number != before + 1:
            message = f"picture {picture.number} came where {before + 1} is due: a picture is missing"
            raise EmulatorFailed(Reason.MISALIGNED, message)
        if self._newest >= 0:
            return True
        if picture.slp_frame_asked is None:  # the waiting screen, from before the game
            self._require_lines(picture.number)
            return False
        if picture.slp_frame_asked != FIRST_SLP_FRAME:
            message = (
                f"the game's first picture is that of slp_frame {picture.slp_frame_asked}: "
                f"the picture of {FIRST_SLP_FRAME} is missing"
            )
            raise EmulatorFailed(Reason.MISALIGNED, message)
        return True

    def _require_size(self, picture: ShownPicture) -> None:
        rows, width = picture.yuv.shape
        require_size((width, rows * 2 // 3), self._size)

    def _require_lines(self, number: int) -> None:
        """Fail if a line was printed long ago, but did not arrive as a record."""
        if self._has_lines or number % _LINES_EVERY:
            return
        if self._has_printed:
            message = (
                "the frame channel does not take: the emulator prints its lines past the preloaded library; "
                f"{_REMEDY}"
            )
            raise EnvironmentFailed(message)
        self._has_printed = self._stdout.exists() and self._stdout.stat().st_size > 0

    def _look_for_trouble(self) -> None:
        why = self._reader.ended()
        if why is not None:
            if self._child is not None and self._child.wait(_EXIT_SECONDS) is None:
                message = f"slippi playback failed: it still runs, but {why}"
                raise EmulatorFailed(Reason.EMULATOR_EXIT, message)
        elif not self._has_shown and time.monotonic() - self._begun > _FIRST_SECONDS:
            what = "shows its pictures in a way" if self._has_greeted else "was started in a way"
            message = (
                f"the frame channel does not take: the emulator {what} that the preloaded library does not "
                f"see; {_REMEDY}"
            )
            raise EnvironmentFailed(message)
