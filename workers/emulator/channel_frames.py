"""Takes the pictures of Slippi's Dolphin by the preloaded library: plain, in order, each with its frame.

    pipe -> RawPicture | Line ... -> Picture | LogLine ...

Every picture says which frame the game had asked for when the picture was read back, so the game's first
picture is the first that says -123: nothing is inferred, and no constant is needed.
"""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Final, Self

from manifests.ledger.reasons import Reason
from manifests.state.schema import FIRST_SLP_FRAME
from workers.emulator.contract import LogLine, Picture
from workers.emulator.frame_channel.build import LIBRARY, MACHINE
from workers.emulator.frame_channel.reader import ChannelReader
from workers.emulator.frame_channel.records import VERSION, Hello, Line, RawPicture
from workers.emulator.png_picture import RgbaConverter
from workers.errors import EmulatorFailed, EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from workers.emulator.child import Child
    from workers.emulator.slippi_frames import SlippiEvent
    from workers.emulator.slippi_preset import SlippiPreset

DESCRIPTOR_VARIABLE: Final = "DOLPHIN_FARM_CHANNEL_FD"
_PRELOAD: Final = "LD_PRELOAD"
_CLOSE_SECONDS: Final = 10.0
_EXIT_SECONDS: Final = 10.0  # a dying emulator closes its pipe well before it is dead, on a busy machine
_LINES_EVERY: Final = 120  # pictures; more than can wait between the emulator and us
_REMEDY: Final = "take --frames png"


def require_channel(preset: SlippiPreset) -> None:
    """Check what can be known of the channel before the emulator runs.

    Raises:
        EnvironmentFailed: it cannot work here; the text says why and what works instead.
    """
    why = None
    if platform.machine() != MACHINE:
        why = f"its library is prebuilt for {MACHINE}, this machine is {platform.machine()}"
    elif not LIBRARY.is_file():
        why = f"{LIBRARY} is missing"
    elif set(str(LIBRARY)) & {" ", ":"}:
        why = f"the loader cannot take a library whose path holds a space or a colon: {LIBRARY}"
    elif preset.backend != "OGL":
        why = f"it follows OpenGL's pictures, and the backend is {preset.backend}"
    if why is not None:
        message = f"the frame channel cannot be used: {why}; {_REMEDY}"
        raise EnvironmentFailed(message)


class ChannelFrames:
    """The preloaded library's pipe.

    Args:
        width, height: size of the pictures, in pixels.
        user: the emulator's user directory.
        home: a folder for the play.
    """

    def __init__(self, width: int, height: int, user: Path, home: Path) -> None:
        self._frames = user / "Dump" / "Frames"
        self._stdout = home / "stdout"
        self._converter = RgbaConverter(width, height)
        self._child: Child | None = None
        self._newest = -1
        self._newest_number: int | None = None
        self._has_lines = False
        self._has_printed = False

    @property
    def stdout(self) -> Path:
        """The file that gets the emulator's standard output; unread, since lines come as records."""
        return self._stdout

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The pipe's writing end."""
        return (self._reader.descriptor,)

    @property
    def variables(self) -> Mapping[str, str]:
        """What makes the loader take the library in, before those that the user preloads."""
        others = os.environ.get(_PRELOAD)
        preload = f"{LIBRARY}:{others}" if others else str(LIBRARY)
        return {_PRELOAD: preload, DESCRIPTOR_VARIABLE: str(self._reader.descriptor)}

    def __enter__(self) -> Self:
        self._frames.mkdir(parents=True)  # files are still created, though nothing is written to them
        self._reader = ChannelReader()
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close(_CLOSE_SECONDS)

    def supervise(self, child: Child) -> None:
        """Begin to read what this emulator writes."""
        self._child = child
        self._reader.start()

    def let_go(self) -> None:
        """Throw away what it still writes: an emulator that waits for a reader could not end."""
        self._reader.discard()

    def take(self, timeout_seconds: float) -> SlippiEvent | None:
        """Return the next picture or line, or None if there was none in time.

        Raises:
            EnvironmentFailed: the emulator dumps past the library, or with another version of it.
            EmulatorFailed: the channel broke although the emulator runs on.
        """
        record = self._reader.take(timeout_seconds)
        if isinstance(record, Hello):
            if record.version != VERSION:
                message = f"the preloaded library is version {record.version}, its reader {VERSION}"
                raise EnvironmentFailed(message)
            return None
        if record is None:
            self._look_for_trouble()
        return record

    def is_drained(self) -> bool:
        """Return whether the pipe has ended and all that came from it was taken."""
        return self._reader.ended() is not None

    def look_at(self, event: SlippiEvent) -> int:
        """Convert a picture and return its number; 0 for a line."""
        if not isinstance(event, RawPicture):
            return 0
        self._require_traced(event)
        self._converter.convert(event.rgba)
        return event.number

    def feed(
        self,
        event: SlippiEvent,
        *,
        is_last: bool,  # noqa: ARG002 - the other way waits for lines, this one does not
    ) -> Iterator[Picture | LogLine]:
        """Yield the line, or the picture if it is one of the game."""
        if isinstance(event, Line):
            self._has_lines = True
            yield LogLine(self._newest, event.text)
        elif isinstance(event, RawPicture) and self._is_of_the_game(event):
            self._newest += 1
            yield Picture(self._newest, self._converter.convert(event.rgba), event.slp_frame_asked)

    def _is_of_the_game(self, picture: RawPicture) -> bool:
        before, self._newest_number = self._newest_number, picture.number
        if before is not None and picture.number != before + 1:
            message = f"picture {picture.number} came where {before + 1} is due: a picture is missing"
            raise EmulatorFailed(Reason.MISALIGNED, message)
        self._require_traced(picture)
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

    def _require_traced(self, picture: RawPicture) -> None:
        if not picture.is_traced:
            message = (
                f"it cannot be told which frame picture {picture.number} shows: no call of glReadPixels "
                f"belongs to it, so the emulator asks its driver in a way that is not known; {_REMEDY}"
            )
            raise EmulatorFailed(Reason.MISALIGNED, message)

    def _require_lines(self, number: int) -> None:
        """Fail if something was printed long ago, and came as no record."""
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
        elif self._newest_number is None and any(file.stat().st_size for file in self._files()):
            message = (
                "the frame channel does not take: the emulator dumps PNG files past the preloaded library "
                f"(its libpng may be linked statically); {_REMEDY}"
            )
            raise EnvironmentFailed(message)

    def _files(self) -> Iterator[Path]:
        return self._frames.glob("framedump_*.png")
