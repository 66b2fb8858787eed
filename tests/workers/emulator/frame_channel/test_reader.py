"""The reader's queue is bounded: who does not take holds the writer back, and who lets go sets it free."""

from __future__ import annotations

import os
import struct
import threading
import time

import pytest

from workers.emulator.frame_channel.reader import ChannelReader
from workers.emulator.frame_channel.records import MAGIC, Line, ShownPicture

SIDE = 64
BYTES = SIDE * SIDE * 3 // 2


def picture(number: int) -> bytes:
    return struct.pack("=IIIiIIIi", MAGIC, 3, 20 + BYTES, number, SIDE, SIDE, 1, 0) + bytes(BYTES)


class Writer(threading.Thread):
    """Writes pictures until it is told that nobody reads, and counts those that are gone."""

    def __init__(self, descriptor: int, count: int) -> None:
        super().__init__()
        self.written = 0
        self._descriptor, self._count = os.dup(descriptor), count

    def run(self) -> None:
        for number in range(self._count):
            os.write(self._descriptor, picture(number))
            self.written += 1
        os.close(self._descriptor)


def wait_until_still(writer: Writer) -> int:
    """Return how many pictures the writer has got rid of once that number stands still."""
    give_up = time.monotonic() + 20
    before, since = -1, time.monotonic()
    while time.monotonic() - since < 0.3:
        if writer.written != before:
            before, since = writer.written, time.monotonic()
        assert time.monotonic() < give_up
        time.sleep(0.01)
    return before


@pytest.fixture
def reader() -> ChannelReader:
    return ChannelReader(max_waiting_bytes=3 * BYTES)


def test_a_consumer_that_does_not_take_holds_the_writer_back_and_loses_nothing(reader: ChannelReader):
    writer = Writer(reader.descriptor, 200)
    writer.start()
    reader.start()
    assert wait_until_still(writer) < 200
    seen = []
    while reader.ended() is None:
        record = reader.take(5.0)
        if isinstance(record, ShownPicture):
            seen.append(record.number)
    assert seen == list(range(200))
    writer.join(5)
    reader.close(5)


def test_letting_go_sets_the_writer_free(reader: ChannelReader):
    writer = Writer(reader.descriptor, 200)
    writer.start()
    reader.start()
    assert wait_until_still(writer) < 200
    reader.discard()
    writer.join(20)
    assert writer.written == 200
    reader.close(5)
    assert reader.take(0) is None


def test_the_end_is_told_only_once_everything_was_taken(reader: ChannelReader):
    os.write(reader.descriptor, struct.pack("=III", MAGIC, 2, 4) + b"last")
    reader.start()
    first = reader.take(5.0)
    assert first == Line("last")
    reader.close(5)
    assert reader.ended() == "its channel ended"
