"""Take an emulator's dumped images and printed lines in the order in which they appear.

    folder of framedump_N.png + output file -> DumpedImage | PrintedLine ...

The dump has no size limit of its own, so each file is taken and deleted as soon as it is complete, and the
emulator is suspended (SIGSTOP) while too many images wait for the consumer. So it cannot fill the tmpfs,
however slow the consumer is.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from workers.emulator.inotify import CREATED, MODIFIED, WRITTEN, FileEvent, Inotify
from workers.errors import FarmError

if TYPE_CHECKING:
    from pathlib import Path

    from workers.emulator.arrivals import Suspendable

MAX_WAITING_IMAGES: Final = 64
_IMAGE_NAME: Final = re.compile(r"framedump_([0-9]+)\.png")
_IDLE_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class DumpedImage:
    """One complete image: `number` is the N of framedump_N.png, from 1; `png` the file's bytes."""

    number: int
    png: bytes


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One line of the emulator's output.

    Attributes:
        newest_begun: number of the newest image whose file existed when the line was printed, 0 before any.
            An image's file appears at a fixed point of the emulator's work, but the time for writing it
            depends on the picture; so this number keeps a constant distance from the printed frames.
        text: the line without its end.
    """

    newest_begun: int
    text: str


DumpEvent: TypeAlias = DumpedImage | PrintedLine


class DumpWatcher:
    """Watches an emulator's dump folder and output from a thread of its own; a context manager.

    Start it before the emulator, so that it misses nothing.

    Attributes:
        max_waiting: images that may wait for the consumer before the emulator is suspended.
        num_suspended: how often the emulator was suspended.
    """

    def __init__(self, folder: Path, output: Path, *, max_waiting: int = MAX_WAITING_IMAGES) -> None:
        self.max_waiting = max_waiting
        self.num_suspended = 0
        self._folder = folder
        self._output = output
        self._emulator: Suspendable | None = None
        self._is_suspended = False
        self._is_idle = False
        self._events: deque[DumpEvent] = deque()
        self._num_images = 0
        self._newest_begun = 0
        self._failure: FarmError | OSError | None = None
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dump-watcher", daemon=True)

    def __enter__(self) -> Self:
        self._output.touch()
        self._inotify = Inotify()
        self._folder_watch = self._inotify.watch(self._folder, CREATED | WRITTEN)
        self._output_watch = self._inotify.watch(self._output, MODIFIED)
        self._lines = self._output.open("rb")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._lines.close()
        self._inotify.__exit__()

    def supervise(self, emulator: Suspendable) -> None:
        """Set the emulator that is suspended when the consumer lags."""
        with self._changed:
            self._emulator = emulator

    def next_event(self, timeout_seconds: float) -> DumpEvent | None:
        """Return the next event, or None if there was none in time.

        Raises:
            FarmError, OSError: the error that ended the watching thread.
        """
        with self._changed:
            if not self._events and self._failure is None:
                self._changed.wait(timeout_seconds)
            if not self._events:
                if self._failure is not None:
                    raise self._failure
                return None
            event = self._events.popleft()
            if isinstance(event, DumpedImage):
                self._num_images -= 1
                # Resumed at half the limit, otherwise the emulator would stop and start at every image.
                if self._is_suspended and self._num_images <= self.max_waiting // 2 and self._emulator:
                    self._is_suspended = False
                    self._emulator.resume()
            return event

    def is_drained(self) -> bool:
        """Return whether the thread has found nothing new since the last event was returned."""
        with self._changed:
            return not self._events and self._is_idle

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                events = self._inotify.read(_IDLE_SECONDS)
                with self._changed:
                    self._is_idle = not events
                if not events:
                    self._read_lines(all_of_them=True)  # several quick writes may count as one event
                for event in events:
                    self._take(event)
        except (FarmError, OSError) as failure:
            with self._changed:
                self._failure = failure
                self._changed.notify()

    def _take(self, event: FileEvent) -> None:
        if event.watch == self._output_watch:
            # Before the first image the order does not matter; later, one write is one line and one event.
            self._read_lines(all_of_them=self._newest_begun == 0)
            return
        shape = _IMAGE_NAME.fullmatch(event.name)
        if shape is None:
            return
        number = int(shape.group(1))
        if event.mask & CREATED:
            self._newest_begun = max(self._newest_begun, number)
        if event.mask & WRITTEN:
            path = self._folder / event.name
            self._put(DumpedImage(number, path.read_bytes()))
            # Deleted at once, so that the tmpfs holds only images that were not read yet.
            path.unlink()

    def _read_lines(self, *, all_of_them: bool) -> None:
        while True:
            start = self._lines.tell()
            line = self._lines.readline()
            # This is half a line; the rest follows with the next write.
            if not line.endswith(b"\n"):
                self._lines.seek(start)
                return
            self._put(PrintedLine(self._newest_begun, line.decode("utf-8", "replace").rstrip("\r\n")))
            if not all_of_them:
                return

    def _put(self, event: DumpEvent) -> None:
        with self._changed:
            self._events.append(event)
            if isinstance(event, DumpedImage):
                self._num_images += 1
                if self._num_images >= self.max_waiting and not self._is_suspended and self._emulator:
                    self._is_suspended = True
                    self.num_suspended += 1
                    self._emulator.suspend()
            self._changed.notify()
