"""A slow reader of the frame channel holds the writer back; one that keeps many pictures gets copies."""

from __future__ import annotations

import gc
import mmap
import os
import socket
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from workers.emulator.frame_channel.picture_memory import NUM_SLOTS
from workers.emulator.frame_channel.reader import ChannelReader
from workers.emulator.frame_channel.records import MAGIC, Line, ShownPicture

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE = 64
PICTURE_BYTES = SIDE * SIDE * 3 // 2
SECONDS = 20.0


class Writer(threading.Thread):
    """Acts as the library: writes each picture into a free slot, and says so; counts the pictures."""

    def __init__(self, reader: ChannelReader, count: int) -> None:
        super().__init__()
        self.num_sent = 0
        self.full = threading.Event()  # all slots are in use, and the writer waits for one
        self._socket = socket.socket(fileno=os.dup(reader.descriptor))
        self._memory = mmap.mmap(reader.pictures_descriptor, 0)
        self._slot_bytes = len(self._memory) // NUM_SLOTS
        self._free = list(range(NUM_SLOTS))
        self._count = count

    def run(self) -> None:
        for number in range(self._count):
            if not self._free:
                self.full.set()
                back = self._socket.recv(NUM_SLOTS)
                if not back:
                    break
                self._free += back
            slot = self._free.pop()
            start = slot * self._slot_bytes
            self._memory[start : start + PICTURE_BYTES] = bytes([number]) * PICTURE_BYTES
            self._socket.sendall(struct.pack("=IIIiIIIiI", MAGIC, 3, 24, number, SIDE, SIDE, 1, 0, slot))
            self.num_sent += 1
        self._socket.close()


@pytest.fixture
def reader() -> Iterator[ChannelReader]:
    reader = ChannelReader()
    yield reader
    reader.close(SECONDS)


def taken(reader: ChannelReader) -> Iterator[ShownPicture]:
    while reader.ended() is None:
        record = reader.take(SECONDS)
        if isinstance(record, ShownPicture):
            yield record


def started(reader: ChannelReader, count: int) -> Writer:
    writer = Writer(reader, count)
    writer.start()
    reader.start()
    return writer


def test_a_consumer_that_does_not_take_holds_the_writer_back_and_loses_nothing(reader: ChannelReader):
    writer = started(reader, 200)
    assert writer.full.wait(SECONDS)
    assert writer.num_sent == NUM_SLOTS
    for number, picture in enumerate(taken(reader)):
        assert picture.number == number
        assert (picture.yuv == number).all()
    assert number == 199
    writer.join(SECONDS)


def test_pictures_that_are_kept_stay_as_they_were_and_hold_nobody_back(reader: ChannelReader):
    writer = started(reader, 200)
    kept = [picture.yuv for picture in taken(reader)]
    writer.join(SECONDS)
    assert writer.num_sent == 200
    for number, yuv in enumerate(kept):
        assert (yuv == number).all()


def test_a_part_of_a_picture_keeps_the_whole(reader: ChannelReader):
    started(reader, 60)
    corners = [picture.yuv[:2, 1:3] for picture in taken(reader)]
    assert [int(corner[1, 1]) for corner in corners] == list(range(60))


def test_pictures_lie_in_the_writers_memory_as_long_as_few_are_kept(reader: ChannelReader):
    started(reader, 40)
    for picture in taken(reader):
        assert not picture.yuv.flags.owndata
        assert isinstance(picture.yuv.base, np.ndarray)


def test_letting_go_sets_the_writer_free(reader: ChannelReader):
    writer = started(reader, 200)
    assert writer.full.wait(SECONDS)
    reader.discard()
    writer.join(SECONDS)
    assert writer.num_sent == 200
    assert reader.take(SECONDS) is None
    assert reader.ended() == "its channel ended"


@pytest.mark.slow
def test_a_picture_may_outlive_the_reader_and_the_writer():
    gc.collect()
    before = num_open()
    reader = ChannelReader()
    started(reader, 3).join(SECONDS)
    kept = [picture.yuv for picture in taken(reader)]
    reader.close(SECONDS)
    del reader
    gc.collect()
    assert num_open() == before  # no descriptor outlives the play
    assert [int(yuv[0, 0]) for yuv in kept] == [0, 1, 2]


def test_the_end_is_told_only_once_everything_was_taken(reader: ChannelReader):
    os.write(reader.descriptor, struct.pack("=III", MAGIC, 2, 4) + b"last")
    reader.start()
    assert reader.take(SECONDS) == Line("last")
    assert reader.take(SECONDS) is None
    assert reader.ended() == "its channel ended"


def num_open() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.slow
def test_a_reader_that_never_started_leaves_no_descriptor_open():
    gc.collect()
    before = num_open()
    ChannelReader().close(SECONDS)
    gc.collect()
    assert num_open() == before
