"""Reads the channel from a thread of its own into a bounded queue; a full queue holds the emulator back."""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from workers.emulator.child_pipe import ChildPipe
from workers.emulator.frame_channel.records import ChannelBroken, Line, ShownPicture, read_records

if TYPE_CHECKING:
    from workers.emulator.frame_channel.records import Record

MAX_WAITING_BYTES: Final = 12 << 20
"""How much may wait for the consumer, and one record more: 27 pictures of 480p, 3 of 1440p."""
_LINE_BYTES: Final = 200  # what a short line costs in memory
_PIPE_BYTES: Final = 1 << 20


class ChannelReader:
    """The pipe of one play, and the thread that empties it for as long as the emulator lives.

    Args:
        max_waiting_bytes: how much may wait for the consumer until the emulator is held back.
    """

    def __init__(self, max_waiting_bytes: int = MAX_WAITING_BYTES) -> None:
        self._max_waiting_bytes = max_waiting_bytes
        self._waiting_bytes = 0
        self._records: deque[Record] = deque()
        self._end: str | None = None
        self._unwanted = False
        self._changed = threading.Condition()
        self._pipe = ChildPipe("frame channel")
        with suppress(OSError):  # a user who has too many large pipes gets a small one: slower, not wrong
            fcntl.fcntl(self._pipe.read_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def descriptor(self) -> int:
        """The emulator's end, which it must inherit under this number; valid until `start`."""
        return self._pipe.descriptor

    def start(self) -> None:
        """Begin to read. Call it only after the emulator has started: our copy of its end is closed here."""
        self._pipe.start(self._run)

    def take(self, timeout_seconds: float) -> Record | None:
        """Return the next record; None if there was none in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._records or self._end is not None, timeout_seconds)
            if not self._records:
                return None
            record = self._records.popleft()
            self._waiting_bytes -= _size(record)
            self._changed.notify_all()
            return record

    def ended(self) -> str | None:
        """Return why nothing more will come, once all that came was taken; None until then."""
        with self._changed:
            return None if self._records else self._end

    def discard(self) -> None:
        """Throw away what waits and what will come, so that an emulator that writes can come to its end."""
        with self._changed:
            self._unwanted = True
            self._records.clear()
            self._waiting_bytes = 0
            self._changed.notify_all()

    def close(self, seconds: float) -> None:
        """Wait for the thread, which ends with the emulator; to be called after the emulator's death."""
        self._pipe.close(seconds)

    def _run(self, read_end: int) -> None:
        end = "its channel ended"
        try:
            for record in read_records(lambda view: os.readv(read_end, [view])):
                self._put(record)
        except ChannelBroken as error:
            end = str(error)
        finally:
            os.close(read_end)  # an emulator that still writes is told so by its next write
            with self._changed:
                self._end = end
                self._changed.notify_all()

    def _put(self, record: Record) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._unwanted or self._waiting_bytes < self._max_waiting_bytes)
            if not self._unwanted:
                self._records.append(record)
                self._waiting_bytes += _size(record)
                self._changed.notify_all()


def _size(record: Record) -> int:
    if isinstance(record, ShownPicture):
        return record.yuv.nbytes
    return _LINE_BYTES + len(record.text) if isinstance(record, Line) else _LINE_BYTES
