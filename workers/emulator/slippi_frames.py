"""The two ways for pictures to leave Slippi's Dolphin: this module has their contract, and the PNG dump.

    files of the image dump + output file -> DumpedImage | PrintedLine ... -> Picture | LogLine ...

The other way, by the preloaded library, is in `channel_frames.py`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

from workers.emulator.contract import Picture
from workers.emulator.dump_folder import dump_folder
from workers.emulator.dump_watcher import DumpedImage, DumpWatcher, PrintedLine
from workers.emulator.frame_channel.records import Line, ShownPicture
from workers.emulator.image_numbering import CapturedImage, ImageNumbering
from workers.emulator.png_picture import PngDecoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from workers.emulator.child import Child
    from workers.emulator.contract import LogLine

SlippiEvent: TypeAlias = DumpedImage | PrintedLine | ShownPicture | Line


class SlippiFrames(Protocol):
    """One way for pictures and lines of one play to come out; a context manager around the emulator's life.

    Attributes:
        dumps: whether the emulator must dump its pictures as files.
        stdout: the file that gets the emulator's standard output; like the others, valid inside the context.
        descriptors: descriptors that the emulator must inherit.
        variables: variables to add to the emulator's environment.
    """

    @property
    def dumps(self) -> bool: ...  # noqa: D102 - above

    @property
    def stdout(self) -> Path: ...  # noqa: D102 - above

    @property
    def descriptors(self) -> tuple[int, ...]: ...  # noqa: D102 - above

    @property
    def variables(self) -> Mapping[str, str]: ...  # noqa: D102 - above

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def supervise(self, child: Child) -> None:
        """Name the emulator, right after its start."""

    def let_go(self) -> None:
        """Stop holding the emulator back; called right before its end."""

    def take(self, timeout_seconds: float) -> SlippiEvent | None:
        """Return the next picture or line, or None if there was none in time.

        Raises:
            FarmError, OSError: no more events will come, although the emulator runs.
        """

    def is_drained(self) -> bool:
        """Return whether all events of the emulator were taken; called once it has ended."""

    def look_at(self, event: SlippiEvent) -> int:
        """Decode a picture of the waiting screen and return its number, from 1; 0 for a line.

        Raises:
            EmulatorFailed, EnvironmentFailed: the picture is damaged or has another size than asked for.
        """

    def feed(self, event: SlippiEvent, *, is_last: bool) -> Iterator[Picture | LogLine]:
        """Yield the game's events that are ready after this one; `is_last` if no further line will come.

        Raises:
            EmulatorFailed: a picture is missing or cut off, or cannot be matched with a frame.
            EnvironmentFailed: a picture has another size than was asked for.
        """


class PngFrames:
    """The emulator's own image dump: files in memory, each deleted once it is read.

    Args:
        width, height: size of the pictures, in pixels.
        user: the emulator's user directory.
        scratch: folder for the dump if there is no room in memory.
        max_waiting: how many images may wait until the emulator is suspended.
    """

    dumps = True
    variables: Mapping[str, str] = {}
    descriptors: tuple[int, ...] = ()

    def __init__(self, width: int, height: int, user: Path, scratch: Path, max_waiting: int) -> None:
        self._user, self._scratch, self._max_waiting = user, scratch, max_waiting
        self._decoder = PngDecoder(width, height)
        self._numbering = ImageNumbering()
        self._stack = ExitStack()

    @property
    def stdout(self) -> Path:
        """The file that gets the emulator's standard output: the watcher reads it."""
        return self._dump / "stdout"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._dump = stack.enter_context(dump_folder(self._scratch))
            # Without these folders all of the emulator's writes would fail silently.
            (self._dump / "Frames").mkdir()
            (self._user / "Dump").mkdir()
            (self._user / "Dump" / "Frames").symlink_to(self._dump / "Frames", target_is_directory=True)
            self._watcher = stack.enter_context(
                DumpWatcher(self._dump / "Frames", self.stdout, max_waiting=self._max_waiting)
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def supervise(self, child: Child) -> None:
        """Name the emulator that is to be suspended when the consumer lags."""
        self._watcher.supervise(child)

    def let_go(self) -> None:
        """Do nothing: ending the emulator resumes it."""

    def take(self, timeout_seconds: float) -> SlippiEvent | None:
        """Return the next image or line, or None if there was none in time."""
        return self._watcher.next_event(timeout_seconds)

    def is_drained(self) -> bool:
        """Return whether the watcher has found nothing new since the last event."""
        return self._watcher.is_drained()

    def look_at(self, event: SlippiEvent) -> int:
        """Decode an image and return its number; 0 for a line."""
        if not isinstance(event, DumpedImage):
            return 0
        self._decoder.decode(event.png)
        return event.number

    def feed(self, event: SlippiEvent, *, is_last: bool) -> Iterator[Picture | LogLine]:
        """Yield events that are ready: none until the game's first image is known, then all that waited."""
        assert isinstance(event, DumpedImage | PrintedLine), "the other way's events come from its own reader"
        for captured in self._numbering.feed(event, is_last=is_last):
            if isinstance(captured, CapturedImage):
                yield Picture(captured.capture_index, self._decoder.decode(captured.png))
            else:
                yield captured
