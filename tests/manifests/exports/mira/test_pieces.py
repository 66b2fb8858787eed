"""Chunks are cut into pieces that cover every frame once, and each event is put into its step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.exports.mira.anchors import EVENT_NAMES, Happening, find_happenings, make_anchors
from manifests.exports.mira.pieces import Piece, cut_chunk
from manifests.labels.events import game_events
from tests.manifests.small_dataset import one_state

LENGTHS = st.lists(st.integers(1, 400), min_size=1, max_size=4)


def game_of(lengths: list[int], piece_frames: int) -> list[Piece]:
    pieces, slp_frame = [], -123
    for chunk, length in enumerate(lengths):
        pieces += cut_chunk(chunk, length, slp_frame, piece_frames)
        slp_frame += length
    return pieces


@given(lengths=LENGTHS, piece_frames=st.integers(1, 300))
def test_pieces_have_every_frame_of_their_chunks_once_and_in_order(lengths: list[int], piece_frames: int):
    pieces = game_of(lengths, piece_frames)
    seen = [(piece.chunk, frame) for piece in pieces for frame in range(piece.start, piece.exclusive_end)]
    assert seen == [(chunk, frame) for chunk, length in enumerate(lengths) for frame in range(length)]
    assert all(piece.num_frames <= piece_frames for piece in pieces)


def test_a_piece_without_frames_is_none():
    with pytest.raises(ValueError, match="frames of a chunk"):
        Piece(0, 30, 30, 0)


@given(lengths=LENGTHS, fps=st.sampled_from([60, 30, 20, 12]), data=st.data())
def test_an_anchor_is_at_the_step_whose_frames_have_the_event(
    lengths: list[int], fps: int, data: st.DataObject
):
    frame_step, pieces = 60 // fps, game_of(lengths, 240)
    slp_frame = data.draw(st.integers(-123, sum(lengths) - 124))
    steps = [
        piece.slp_frame_start + step * frame_step
        for piece in pieces
        for step in range(piece.num_steps(frame_step))
    ]
    (anchor,) = make_anchors([Happening(slp_frame, "hit", "P1", "P2", 3.5)], pieces, frame_step, fps)
    step = round(anchor["master_sec"] * fps)  # as MIRA computes it
    assert steps[step] <= slp_frame < steps[step] + frame_step
    assert step == len(steps) - 1 or slp_frame < steps[step + 1]


def test_events_beyond_the_pieces_are_left_out():
    pieces = game_of([100], 60)
    events = [Happening(frame, "death", "P2") for frame in (-124, -23)]
    assert make_anchors(events, pieces, 1, 60) == []


@pytest.mark.slow
def test_a_game_has_the_events_of_the_whole_game_wherever_it_is_cut():
    state = one_state(5, 2000)
    found = find_happenings([state.slice(0, 900), state.slice(900, 2000)])
    assert found == find_happenings([state])
    assert found == sorted(found, key=lambda one: one.slp_frame)
    assert {one.name for one in found} <= set(EVENT_NAMES)
    for kind, events in game_events(state).items():
        assert [one.slp_frame for one in found if one.name == kind] == list(events.slp_frame)
    hits = [one for one in found if one.name == "hit"]
    assert hits
    for hit in hits:
        player = int(str(hit.fighter)[1]) - 1
        row = hit.slp_frame - state.first_slp_frame
        percent = state.values(f"p{player}.percent")
        assert np.isclose(percent[row] - percent[row - 1], hit.value)
