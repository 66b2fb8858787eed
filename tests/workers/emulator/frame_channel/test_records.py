"""The frame channel's stream gives the same records however it is cut; a broken stream gives an error."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.emulator.frame_channel.records import (
    MAGIC,
    ChannelBroken,
    Hello,
    Line,
    Record,
    ShownPicture,
    read_records,
)

LINES = st.binary(max_size=40).filter(lambda text: b"\n" not in text)
PICTURES = st.builds(
    lambda number, width, height, known, asked, slot: (number, width, height, known, asked, slot),
    *(st.integers(1, 9999), st.sampled_from([2, 4, 6]), st.sampled_from([2, 4, 6]), st.sampled_from([0, 1])),
    *(st.integers(-123, 99999), st.integers(0, 15)),
)
STREAMS = st.lists(st.one_of(st.just(None), LINES, PICTURES), max_size=8)


def record_bytes(content: bytes | tuple[int, int, int, int, int, int] | None) -> bytes:
    """One record as the library writes it: None for a greeting, text for a line, else a picture."""
    if content is None:
        kind, body = 1, struct.pack("=I", 1)
    elif isinstance(content, bytes):
        kind, body = 2, content
    else:
        kind, body = 3, struct.pack("=iIIIiI", *content)
    return struct.pack("=III", MAGIC, kind, len(body)) + body


def picture_in(slot: int, width: int, height: int) -> np.ndarray:
    return np.full((height * 3 // 2, width), slot, np.uint8)


def stream_of(data: bytes, sizes: list[int]) -> Callable[[memoryview], int]:
    """A stream that gives at most these numbers of bytes at a time, in turn."""
    left, turn = memoryview(data), 0

    def readinto(view: memoryview) -> int:
        nonlocal left, turn
        size = min(len(view), len(left), sizes[turn % len(sizes)])
        turn += 1
        view[:size] = left[:size]
        left = left[size:]
        return size

    return readinto


def plain(record: Record) -> object:
    if isinstance(record, ShownPicture):
        return (
            record.number,
            record.yuv.shape,
            record.yuv.tobytes(),
            record.slp_frame_asked,
        )
    return record


@given(STREAMS, st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_any_cut_of_the_stream_gives_the_same_records(contents, sizes):
    data = b"".join(map(record_bytes, contents))
    whole = [plain(record) for record in read_records(stream_of(data, [1 << 20]), picture_in)]
    assert [plain(record) for record in read_records(stream_of(data, sizes), picture_in)] == whole
    assert len(whole) == len(contents)


@pytest.mark.slow
@given(STREAMS.filter(bool), st.data())
def test_a_stream_that_ends_within_a_record_is_broken_and_what_came_before_is_kept(contents, data):
    parts = [record_bytes(content) for content in contents]
    last = data.draw(st.integers(1, len(parts[-1]) - 1))
    found = read_records(stream_of(b"".join(parts[:-1]) + parts[-1][:last], [7]), picture_in)
    for _ in parts[:-1]:
        next(found)
    with pytest.raises(ChannelBroken, match=r"ended after \d+ of \d+ bytes"):
        next(found)


@given(st.binary(min_size=12, max_size=200))
def test_bytes_of_any_kind_give_records_or_are_broken(data):
    try:
        for record in read_records(stream_of(data, [5]), picture_in):
            assert isinstance(record, Hello | Line | ShownPicture)
    except ChannelBroken:
        pass


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (struct.pack("=III", 7, 1, 4), "where a record begins"),
        (struct.pack("=III", MAGIC, 9, 4), "kind 9"),
        (struct.pack("=III", MAGIC, 2, 1 << 30), "kind 2 with 1073741824"),
        (struct.pack("=IIIiIIIiI", MAGIC, 3, 24, 1, 0, 4, 1, 0, 0), "0x4"),
        (struct.pack("=IIIiIIIiI", MAGIC, 3, 24, 1, 2, 8194, 1, 0, 0), "2x8194"),
        (struct.pack("=IIIiIIIiI", MAGIC, 3, 24, 1, 3, 2, 1, 0, 0), "3x2"),
        (struct.pack("=IIIiIIIiI", MAGIC, 3, 24, 1, 2, 2, 8, 0, 0), "2x2"),
        (struct.pack("=IIIiIIIiI", MAGIC, 3, 24, 1, 2, 2, 1, 0, 16), "2x2 in slot 16"),
        (struct.pack("=IIIiIIIi", MAGIC, 3, 20, 1, 2, 2, 1, 0), "of 20 bytes, 24 are due"),
    ],
)
def test_what_is_no_record_is_refused_before_memory_is_taken_for_it(start: bytes, said: str):
    with pytest.raises(ChannelBroken, match=said):
        list(read_records(stream_of(start + bytes(64), [64]), picture_in))


def test_a_picture_says_its_frame_only_if_one_was_asked_for():
    found = list(
        read_records(stream_of(b"".join(record_bytes((k, 2, 2, k, 77, 0)) for k in (0, 1)), [9]), picture_in)
    )
    asked = [record.slp_frame_asked for record in found if isinstance(record, ShownPicture)]
    assert asked == [None, 77]
