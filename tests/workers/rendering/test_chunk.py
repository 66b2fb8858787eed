"""A game is cut into chunks without losing or doubling a frame."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.rendering.chunk import GOP_FRAMES, ChunkSpan, chunk_spans

LENGTHS = st.integers(min_value=1, max_value=200_000)
CHUNK_LENGTHS = st.integers(min_value=1, max_value=300).map(lambda gops: gops * GOP_FRAMES)


@given(LENGTHS, CHUNK_LENGTHS)
def test_spans_partition_the_game(num_frames: int, frames_per_chunk: int):
    spans = chunk_spans(num_frames, frames_per_chunk)
    assert spans[0].start == 0
    assert spans[-1].exclusive_end == num_frames
    assert all(left.exclusive_end == right.start for left, right in itertools.pairwise(spans))
    assert [span.chunk_number for span in spans] == list(range(len(spans)))


@given(LENGTHS, CHUNK_LENGTHS)
def test_all_spans_but_the_last_are_full(num_frames: int, frames_per_chunk: int):
    spans = chunk_spans(num_frames, frames_per_chunk)
    assert {span.num_frames for span in spans[:-1]} <= {frames_per_chunk}
    assert 0 < spans[-1].num_frames <= frames_per_chunk


@pytest.mark.parametrize("frames_per_chunk", [0, -30, 31, 3601])
def test_spans_of_broken_gops_fail(frames_per_chunk: int):
    with pytest.raises(ValueError, match=r"positive multiple of 30, got"):
        chunk_spans(100, frames_per_chunk)


def test_spans_of_an_empty_game_fail():
    with pytest.raises(ValueError, match="at least one frame"):
        chunk_spans(0)


@pytest.mark.parametrize(("start", "exclusive_end"), [(5, 5), (6, 5), (-1, 5)])
def test_an_empty_or_negative_span_fails(start: int, exclusive_end: int):
    with pytest.raises(ValueError, match="non-empty span"):
        ChunkSpan(0, start, exclusive_end)
