"""Finding all frames of a replay at once gives the same as going event by event, for any bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay.container import open_container
from workers.replay.events import Event, Stop, find_events, read_sizes, walk_one_by_one

if TYPE_CHECKING:
    from pathlib import Path

SIZES = {
    Event.GAME_START: 0x13D,
    Event.PRE: 0x3F,
    Event.POST: 0x33,
    Event.GAME_END: 0x2,
    Event.FRAME_START: 0x9,
    Event.ITEM: 0x26,
    Event.BOOKEND: 0x9,
    0x10: 0x205,
    0x77: 0x1,
}


def table(sizes: dict[int, int]) -> bytes:
    entries = b"".join(bytes([command]) + (size - 1).to_bytes(2, "big") for command, size in sizes.items())
    return bytes([Event.PAYLOADS, 1 + len(entries)]) + entries


def event(command: int, slp_frame: int = 0, filler: int = 0) -> bytes:
    body = bytes([command]) + slp_frame.to_bytes(4, "big", signed=True)
    return (body + bytes([filler]) * SIZES[command])[: SIZES[command]]


def both(stream: bytes):
    array = np.frombuffer(stream, np.uint8)
    sizes = read_sizes(array, 0)
    return find_events(array, sizes, len(array)), walk_one_by_one(array, sizes, len(array))


def assert_same(stream: bytes):
    fast, plain = both(stream)
    assert fast.offsets.tolist() == plain.offsets.tolist()
    assert fast.commands.tolist() == plain.commands.tolist()
    assert (fast.exclusive_end, fast.stop) == (plain.exclusive_end, plain.stop)
    return plain


COMMANDS = st.sampled_from([*SIZES, Event.FRAME_START, Event.PRE, Event.POST, Event.ITEM])
EVENTS = st.lists(
    # fillers that are commands themselves look like the start of an event within another one
    st.builds(event, COMMANDS, st.integers(-123, 300), st.sampled_from([0, 0x3A, 0x37, 0x39, 0xFF])),
    max_size=60,
)


@pytest.mark.slow
@given(EVENTS, st.binary(max_size=40), st.integers(0, 80))
def test_the_fast_walk_equals_the_plain_one(events: list[bytes], tail: bytes, cut: int):
    stream = table(SIZES) + event(Event.GAME_START) + b"".join(events) + tail
    assert_same(stream[: max(len(stream) - cut, len(table(SIZES)))])


@given(EVENTS)
def test_it_equals_the_plain_one_in_files_without_frame_starts(events: list[bytes]):
    sizes = {command: size for command, size in SIZES.items() if command != Event.FRAME_START}
    assert_same(table(sizes) + event(Event.GAME_START) + b"".join(events))


@given(st.binary(max_size=600))
def test_any_bytes_are_walked_alike(body: bytes):
    assert_same(table(SIZES) + body)


def test_a_stream_of_nothing_but_openings_is_walked_alike():
    assert_same(table(SIZES) + event(Event.GAME_START) + bytes([Event.FRAME_START, *[0] * 8]) * 5000)
    assert_same(table(SIZES) + bytes([Event.FRAME_START, 0]) * 20000)
    assert_same(table(SIZES) + bytes([Event.FRAME_START]) * 20000)


@pytest.mark.parametrize(
    ("rest", "stop"),
    [
        (event(Event.GAME_END) + event(Event.PRE), Stop.GAME_END),
        (event(Event.PRE), Stop.END),
        (event(Event.PRE)[:-1], Stop.CUT),
        (b"\xee" + event(Event.PRE), Stop.UNKNOWN),
    ],
)
def test_a_walk_says_why_it_ended(rest: bytes, stop: Stop):
    frame = event(Event.FRAME_START) + event(Event.PRE) + event(Event.POST)
    assert assert_same(table(SIZES) + event(Event.GAME_START) + frame * 3 + rest).stop is stop


@pytest.mark.parametrize(
    ("stream", "match"),
    [
        (b"", "table of event sizes"),
        (b"\x36\x04", "table of event sizes"),
        (bytes([Event.PAYLOADS, 9]) + b"\x36\x01", "cut or torn"),
        (bytes([Event.PAYLOADS, 3]) + b"\x36\x01", "cut or torn"),
        (table({Event.GAME_START: 0x200, Event.PRE: 0x40}), "POST 0 bytes"),
        (table({**SIZES, Event.ITEM: 0x3}), "ITEM 3 bytes"),
    ],
)
def test_a_bad_size_table_fails(stream: bytes, match: str):
    with pytest.raises(ReplayRefused, match=match) as caught:
        read_sizes(np.frombuffer(stream, np.uint8), 0)
    assert caught.value.reason is Reason.UNREADABLE


@pytest.mark.slow
@pytest.mark.shared
def test_real_files_are_walked_alike(real_replays: Path):
    paths = sorted(real_replays.glob("*.slp"))
    assert len(paths) > 10
    for path in paths:
        data = path.read_bytes()
        stream = np.frombuffer(data, np.uint8)
        container = open_container(data)
        sizes = read_sizes(stream, container.start)
        fast = find_events(stream, sizes, container.exclusive_end)
        plain = walk_one_by_one(stream, sizes, container.exclusive_end)
        assert np.array_equal(fast.offsets, plain.offsets), path.name
        assert (fast.exclusive_end, fast.stop) == (plain.exclusive_end, plain.stop), path.name
