"""Read the channel from a thread of its own; pictures that nobody takes hold the emulator back."""

from __future__ import annotations

import os
import socket
import threading
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from workers.emulator.child_pipe import ChildPipe
from workers.emulator.frame_channel.picture_memory import NUM_SLOTS, PictureMemory
from workers.emulator.frame_channel.records import ChannelBroken, ShownPicture, read_records

if TYPE_CHECKING:
    from workers.emulator.frame_channel.records import Record

MAX_WAITING_RECORDS: Final = 2048
"""How many records may wait for the consumer, of which 16 can be pictures and the others are lines."""
_MAX_KEPT: Final = NUM_SLOTS // 2  # slots that the consumer may keep; the emulator has the others


class ChannelReader:
    """The channel of one play, and the thread that empties it for as long as the emulator lives."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque()
        self._num_pictures = 0  # number of waiting records that are pictures
        self._end: str | None = None
        self._unwanted = False
        self._changed = threading.Condition()
        self._socket: socket.socket | None = None
        self._sending = (
            threading.RLock()
        )  # any thread that releases a picture comes here, even one that is in it already
        ours, theirs = socket.socketpair()
        self._pipe = ChildPipe("frame channel", (ours.detach(), theirs.detach()))
        self._memory = PictureMemory(self._give_back)

    @property
    def descriptor(self) -> int:
        """The emulator's end, which it must inherit under this number; valid until `start`."""
        return self._pipe.descriptor

    @property
    def pictures_descriptor(self) -> int:
        """The memory for pictures, which it must inherit, too; valid until `close`."""
        return self._memory.descriptor

    def start(self) -> None:
        """Begin to read. Call it only after the emulator has started: our copy of its end is closed here."""
        self._pipe.start(self._run)

    def take(self, timeout_seconds: float) -> Record | None:
        """Return the next record; None if there was none in time.

        A picture lies in the emulator's memory; it is copied if the consumer keeps several pictures already.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._records or self._end is not None, timeout_seconds)
            if not self._records:
                return None
            record = self._records.popleft()
            if isinstance(record, ShownPicture):
                self._num_pictures -= 1
                if self._memory.num_out - self._num_pictures > _MAX_KEPT:
                    record = replace(record, yuv=record.yuv.copy())
            self._changed.notify_all()
            return record

    def ended(self) -> str | None:
        """Return why no more records will come, once all records were taken; None until then."""
        with self._changed:
            return None if self._records else self._end

    def discard(self) -> None:
        """Discard waiting and future records, so that an emulator that still writes can end."""
        with self._changed:
            self._unwanted = True
            self._records.clear()
            self._num_pictures = 0
            self._changed.notify_all()

    def close(self, seconds: float) -> None:
        """Wait for the thread, which ends with the emulator; to be called after the emulator's death."""
        self._pipe.close(seconds)
        self._memory.close()

    def _run(self, read_end: int) -> None:
        end = "its channel ended"
        with self._sending:
            self._socket = socket.socket(fileno=read_end)
        try:
            for record in read_records(lambda view: _receive(read_end, view), self._memory.picture_in):
                self._put(record)
        except ChannelBroken as error:
            end = str(error)
        finally:
            self._hang_up()  # an emulator that still writes notices it at its next write
            with self._changed:
                self._end = end
                self._changed.notify_all()

    def _put(self, record: Record) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._unwanted or len(self._records) < MAX_WAITING_RECORDS)
            if not self._unwanted:
                self._records.append(record)
                self._num_pictures += isinstance(record, ShownPicture)
                self._changed.notify_all()

    def _give_back(self, slot: int) -> None:
        with self._sending, suppress(OSError):  # a dead emulator needs no free slots any more
            if self._socket is not None:
                self._socket.send(bytes([slot]), socket.MSG_DONTWAIT)

    def _hang_up(self) -> None:
        with self._sending:
            if self._socket is not None:
                self._socket.close()
                self._socket = None


def _receive(read_end: int, view: memoryview) -> int:
    try:
        return os.readv(read_end, [view])
    except ConnectionResetError:  # the other end died before it read the slots that we gave back last
        return 0
