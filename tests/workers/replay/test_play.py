"""Two recordings of one game agree however often each was rolled back, and a changed value is found."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.replay import Entity, read_replay
from workers.replay.play import Difference, first_difference, play_sha256, why_not_one_game
from workers.replay.state import state_table
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from manifests.state.table import StateTable

FRAMES = 300


def states(data: bytes) -> StateTable:
    return state_table(read_replay(data))


@pytest.fixture(scope="module")
def mine() -> bytes:
    return record_match(3, num_frames=FRAMES, rollback_share=0.05)


@pytest.fixture(scope="module")
def theirs() -> bytes:
    return record_match(3, num_frames=FRAMES, rollback_share=0.2)


def changed(data: bytes, row: int, offset: int, wire: str, value: float, port: int = 0) -> bytes:
    """The replay with a changed value in one player's post-frame event of one frame."""
    place = int(read_replay(data).frames.post[Entity(port, is_follower=False)][row]) + offset
    new = struct.pack(wire, value)
    assert data[place : place + len(new)] != new
    return data[:place] + new + data[place + len(new) :]


def test_recordings_with_other_rollbacks_have_one_hash(mine: bytes, theirs: bytes):
    one, other = states(mine), states(theirs)
    assert not np.array_equal(one.values("n_written"), other.values("n_written"))
    assert one.sha256 != other.sha256
    assert play_sha256(one) == play_sha256(other)
    assert first_difference(one, other) is None


def test_a_recording_that_ends_before_agrees_though_its_hash_is_another(mine: bytes):
    short = states(record_match(3, num_frames=FRAMES, unfinalised_tail=3))
    assert short.num_frames < FRAMES
    assert play_sha256(short) != play_sha256(states(mine))
    assert first_difference(states(mine), short) is None


@pytest.mark.slow
@given(row=st.integers(0, FRAMES - 1), value=st.floats(-100, 100, width=32))
def test_the_frame_and_the_column_that_were_changed_are_named(mine: bytes, row: int, value: float):
    whole = states(mine)
    had = str(whole.values("p0.percent")[row])
    if struct.pack(">f", float(had)) == struct.pack(">f", value):
        return
    found = first_difference(whole, states(changed(mine, row, 0x16, ">f", value)))
    if float(had) == value:  # the values differ only in the sign of zero
        assert found is None
    else:
        assert found == Difference(row - 123, "p0.percent", had, str(np.float32(value)))


def test_the_earliest_of_several_differences_is_told(mine: bytes):
    later = changed(mine, 200, 0x16, ">f", 77.0)
    both = changed(later, 150, 0x21, "B", 9, port=1)
    found = first_difference(states(mine), states(both))
    assert found is not None
    assert (found.slp_frame, found.column, found.second) == (150 - 123, "p1.stocks", "9")


def test_items_are_compared_by_frame():
    data = record_match(3, num_frames=1200, characters=(2, 2))
    whole = states(data)
    assert whole.items.num_rows, "a fox shoots"
    replay = read_replay(data)
    place = int(replay.frames.item[0]) + 0x14
    other = states(data[:place] + struct.pack(">f", 12345.0) + data[place + 4 :])
    found = first_difference(whole, other)
    assert found is not None
    first = int(whole.items.frame_index()[0]) - 123
    assert (found.slp_frame, found.column, found.second) == (first, "items.x", "12345.0")
    assert play_sha256(whole) != play_sha256(other)


def test_recordings_without_a_frame_in_common_cannot_be_compared(mine: bytes):
    whole = states(mine)
    with pytest.raises(ValueError, match="no frame in common"):
        first_difference(whole.slice(0, 100), whole.slice(100, 200))


def test_other_ports_are_a_difference(mine: bytes):
    elsewhere = states(record_match(3, num_frames=FRAMES, ports=(1, 3)))
    assert first_difference(states(mine), elsewhere) == Difference(-123, "ports", "(0, 1)", "(1, 3)")


def test_recordings_of_one_match_are_of_one_game_and_others_say_why_not(mine: bytes, theirs: bytes):
    record = read_replay(mine).record
    assert why_not_one_game(record, read_replay(theirs).record) is None
    offline = read_replay(record_match(3, num_frames=FRAMES, rollback_share=0.0)).record
    assert why_not_one_game(record, offline) is None
    another = read_replay(record_match(4, num_frames=FRAMES)).record
    assert why_not_one_game(record, another) is not None
