"""Any bytes give a table or a typed refusal, without a crash or hang, in a few times their size of memory."""

from __future__ import annotations

import random
import struct
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from manifests.ledger.reasons import Reason
from manifests.state.table import StateTable
from workers.errors import ReplayRefused
from workers.replay import read_replay
from workers.replay.container import open_container
from workers.replay.events import Event, read_sizes, walk_one_by_one
from workers.replay.renderable import renderable
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

ABOUT_REPLAYS = {reason for reason in Reason if reason.is_about_the_replay}


def end_of(data: bytes) -> StateTable | Reason:
    """Read the bytes; anything but a table or a typed refusal is raised, and fails the test."""
    try:
        replay = read_replay(data)
        table = state_table(replay)
        renderable(replay)
    except ReplayRefused as refusal:
        return _checked(refusal)
    assert table.num_frames == np.count_nonzero(replay.frames.is_finalized)
    assert len(table.sha256) == 64
    return table


def _checked(refusal: ReplayRefused) -> Reason:
    assert refusal.detail
    assert refusal.reason in ABOUT_REPLAYS
    return refusal.reason


@pytest.fixture(scope="module")
def whole() -> bytes:
    return record_match(5, num_frames=150, rollback_share=0.2)


def event_bounds(data: bytes) -> list[int]:
    container = open_container(data)
    stream = np.frombuffer(data, np.uint8)
    sizes = read_sizes(stream, container.start)
    return walk_one_by_one(stream, sizes, container.exclusive_end).offsets.tolist()


def test_the_whole_file_is_fine(whole: bytes):
    assert isinstance(end_of(whole), StateTable)


@given(st.binary(max_size=2000))
@example(b"")
@example(b"\x89PNG\r\n\x1a\n" + bytes(5000))
@example(b"{U\x03raw[$U#l\xff\xff\xff\xff")
@example(b"{U\x03raw[$U#l\0\0\0\0\x35\x04\x36\xff\xff")
def test_any_bytes(data: bytes):
    end_of(data)
    end_of(b"{U\x03raw[$U#l\0\0\0\0" + data)


@settings(max_examples=50)
@given(st.data())
def test_any_cut(whole: bytes, data: st.DataObject):
    end = end_of(whole[: data.draw(st.integers(0, len(whole)))])
    assert isinstance(end, StateTable) or end in {Reason.NOT_SLP, Reason.UNREADABLE, Reason.NO_FRAMES}


@settings(max_examples=50)
@given(st.data())
def test_any_flips(whole: bytes, data: st.DataObject):
    mutated = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 20))):
        mutated[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    end_of(bytes(mutated))


@pytest.mark.slow
@settings(max_examples=50)
@given(st.data())
def test_flips_where_they_hurt(whole: bytes, data: st.DataObject):
    """Errors in the size table, the game's start and events' first bytes can mislead a reader most."""
    bounds = event_bounds(whole)
    tender = [*range(bounds[0] + 0x150), *(bound + k for bound in bounds[1:200] for k in range(7))]
    mutated = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        mutated[data.draw(st.sampled_from(tender))] = data.draw(
            st.sampled_from([0, 1, 0x35, 0x3A, 0x37, 0x7F, 0xFF])
        )
    end_of(bytes(mutated))


@pytest.mark.slow
@settings(max_examples=40)
@given(st.data())
def test_events_swapped_dropped_and_doubled(whole: bytes, data: st.DataObject):
    bounds = event_bounds(whole)
    exclusive_end = open_container(whole).exclusive_end
    events = [whole[a:b] for a, b in zip(bounds, [*bounds[1:], exclusive_end], strict=True)]
    for _ in range(data.draw(st.integers(1, 8))):
        i, j = data.draw(st.integers(0, len(events) - 1)), data.draw(st.integers(0, len(events) - 1))
        what = data.draw(st.sampled_from(["swap", "drop", "double", "move"]))
        if what == "swap":
            events[i], events[j] = events[j], events[i]
        elif what == "drop" and len(events) > 2:
            del events[i]
        elif what == "double":
            events.insert(j, events[i])
        else:
            events.insert(j, events.pop(i))
    end_of(whole[: bounds[0]] + b"".join(events) + whole[exclusive_end:])


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1))
@example(0)
@example(1)
@example(2**31)
@example(2**32 - 1)
def test_any_claimed_length(whole: bytes, length: int):
    end_of(whole[:11] + struct.pack(">I", length) + whole[15:])


@pytest.mark.parametrize("length", [0, 2**31 - 1, 2**31, 2**32 - 1])
def test_a_length_that_says_nothing_costs_no_frame(whole: bytes, length: int):
    """A file that was never closed has the length 0; the other lengths reach beyond the file's end."""
    end = end_of(whole[:11] + struct.pack(">I", length) + whole[15:])
    assert isinstance(end, StateTable)
    assert end.num_frames == 150


@settings(max_examples=50)
@given(
    st.integers(0, 0xFFFF),
    st.sampled_from([Event.PRE, Event.POST, Event.ITEM, Event.FRAME_START, Event.BOOKEND]),
)
def test_any_claimed_event_size(whole: bytes, size: int, event: Event):
    at = 17 + whole[17:100].index(bytes([event]))
    end_of(whole[: at + 1] + struct.pack(">H", size) + whole[at + 3 :])


def hostile(kind: str) -> bytes:
    """Inputs of 200 kB that are made to cost a reader as much as possible."""
    sizes = {
        Event.GAME_START: 0x13D, Event.PRE: 0x33, Event.POST: 0x22, Event.GAME_END: 2, Event.FRAME_START: 9,
        Event.ITEM: 0x26, Event.BOOKEND: 5, Event.WHISPY: 6, 0x01: 1,
    }  # fmt: skip
    table = b"".join(struct.pack(">BH", event, size - 1) for event, size in sizes.items())
    head = bytes([Event.PAYLOADS, len(table) + 1]) + table + bytes([Event.GAME_START]).ljust(0x13D, b"\0")
    n = 200_000 if kind != "smallest events" else 50_000  # tracing memory makes this one slow
    frames = [struct.pack(">Bi4sBi", Event.FRAME_START, k, b"", Event.BOOKEND, k) for k in range(n // 14)]
    body = {
        "openings": bytes([Event.FRAME_START, 0]) * (n // 2),
        "only openings": bytes([Event.FRAME_START]) * n,
        "empty frames": b"".join(frames),
        "one frame over and over": frames[0] * (n // 14),
        "frames backwards": b"".join(reversed(frames)),
        "smallest events": b"\x01" * n,
        "stage events": bytes([Event.WHISPY, 0, 0, 0, 0, 1]) * (n // 6),
        "bookends": bytes([Event.BOOKEND, 0, 0, 0, 0]) * (n // 5),
        "players": frames[0][:9] + struct.pack(">Bi46s", Event.PRE, 0, b"") * (n // 51) + frames[0][9:],
        "items": frames[0][:9] + struct.pack(">Bi33s", Event.ITEM, 0, b"") * (n // 38) + frames[0][9:],
        "noise": random.Random(1).randbytes(n),
    }[kind]
    return b"{U\x03raw[$U#l\0\0\0\0" + head + body


HOSTILE = ["openings", "only openings", "empty frames", "one frame over and over", "frames backwards",
           "smallest events", "stage events", "bookends", "players", "items", "noise"]  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_bytes_cost_a_few_times_their_size(kind: str):
    data = hostile(kind)
    end_of(data[:1000])  # so that memory that is taken only once is not counted
    tracemalloc.start()
    end_of(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * len(data) + 1_500_000, f"{peak / len(data):.1f} times the file"


@pytest.mark.shared
@pytest.mark.parametrize("name", ["v3.16", "ntsc", "v3.18", "test_game_1"])
def test_mutations_of_real_files(real_replays: Path, name: str):
    data = (real_replays / f"{name}.slp").read_bytes()
    rng = random.Random(name)
    ends: dict[Any, int] = {}
    for _ in range(60):
        mutated = bytearray(data)
        for _ in range(rng.choice([1, 3, 30])):
            at = rng.randrange(len(mutated))
            if rng.random() < 0.3:
                del mutated[at : at + rng.choice([1, 2, 50, 5000])]
            else:
                mutated[at] = rng.randrange(256)
        end = end_of(bytes(mutated))
        key = "table" if isinstance(end, StateTable) else end
        ends[key] = ends.get(key, 0) + 1
    assert ends.get("table", 0) > 0
    assert len(ends) > 1
