"""Every window lies within its chunk, none is missing, and actions beyond the chunk are masked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.training.windows import ChunkGrid, WindowIndex, WindowSpec

GOP = 30


def grid_of(chunks: list[tuple[int, int]]) -> ChunkGrid:
    """Make the grid of these chunks, given as (game, num_frames), with GOPs of 30 frames."""
    return ChunkGrid(
        game=np.array([game for game, _ in chunks], np.int64),
        num_frames=np.array([num_frames for _, num_frames in chunks], np.int64),
        gop_frames=GOP,
    )


specs = st.builds(
    WindowSpec,
    window=st.integers(1, 40),
    stride=st.integers(1, 7),
    frame_step=st.integers(1, 4),
    start=st.sampled_from(["gop", "any"]),
    action_shift=st.integers(-3, 3),
    lookahead=st.integers(0, 5),
    history=st.integers(0, 5),
    stack=st.integers(1, 4),
)
games = st.lists(st.lists(st.integers(1, 200), min_size=1, max_size=3), min_size=1, max_size=4)


@given(games, specs)
def test_the_windows_are_exactly_those_that_fit(lengths: list[list[int]], spec: WindowSpec):
    chunks = [(game, frames) for game, per_game in enumerate(lengths) for frames in per_game]
    index = WindowIndex.of(grid_of(chunks), spec, len(lengths))
    step = 1 if spec.start == "any" else GOP
    expected = [
        (chunk, start)
        for chunk, (_, frames) in enumerate(chunks)
        for start in range(0, frames, step * spec.stride)
        if start + spec.span <= frames
    ]
    assert [index.locate(window) for window in range(index.num_windows)] == expected
    starts = [(chunk, int(start)) for chunk in range(len(chunks)) for start in index.grid.starts(spec, chunk)]
    assert starts == expected
    owners = [chunks[chunk][0] for chunk, _ in expected]
    assert np.diff(index.game_offset).tolist() == [owners.count(game) for game in range(len(lengths))]


@given(specs, st.integers(0, 300))
def test_what_is_seen_ends_with_the_last_step_and_actions_are_of_their_steps(spec: WindowSpec, start: int):
    num_frames = start + spec.span
    seen = spec.seen_frames(start)
    assert (seen[0], seen[-1], seen.size) == (start, num_frames - 1, spec.num_seen)
    (steps,) = spec.step_frames(np.array([start]))
    assert (steps == seen[spec.stack - 1 :]).all()
    actions, is_pad = (
        found[0, :, 0] for found in spec.action_frames(np.array([start]), np.array([num_frames]))
    )
    assert actions.size == steps.size + spec.lookahead
    wanted = steps[0] + np.arange(actions.size) * spec.frame_step + spec.action_shift
    assert (is_pad == ((wanted < 0) | (wanted >= num_frames))).all()
    assert (actions[~is_pad] == wanted[~is_pad]).all()
    assert ((actions >= 0) & (actions < num_frames)).all()


@pytest.mark.parametrize("window", [-1, 3])
def test_a_window_that_is_not_there_fails(window: int):
    index = WindowIndex.of(grid_of([(0, 90)]), WindowSpec(16), 1)
    with pytest.raises(IndexError, match=f"no window {window}; there are 3, counted from 0"):
        index.locate(window)


@pytest.mark.parametrize(
    "wrong",
    [{"window": 0}, {"stride": 0}, {"frame_step": 0}, {"lookahead": -1}, {"history": -1}, {"stack": 0}],
)
def test_a_number_out_of_its_range_fails(wrong: dict[str, int]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        WindowSpec(**wrong)


def test_another_start_fails():
    with pytest.raises(ValueError, match="'gop' or at 'any'"):
        WindowSpec(start="key")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("games", "lengths", "gop_frames", "picture_step"),
    [([0], [1, 2], GOP, 1), ([0], [9], 0, 1), ([0], [9], 4, 3), ([1, 0], [9, 9], GOP, 1)],
    ids=["another number of lengths", "no key frames", "a key frame without a picture", "games out of order"],
)
def test_columns_that_do_not_fit_fail(
    games: list[int], lengths: list[int], gop_frames: int, picture_step: int
):
    with pytest.raises(ValueError, match=f"{len(games)} chunks, {len(lengths)} lengths"):
        ChunkGrid(np.array(games), np.array(lengths), gop_frames, picture_step)


@pytest.mark.parametrize("shift", [1.5, True, "1"])
def test_a_shift_that_is_no_whole_number_fails(shift: object):
    with pytest.raises(ValueError, match="action_shift is a whole number of frames"):
        WindowSpec(action_shift=shift)  # type: ignore[arg-type]


@given(specs, games, st.sampled_from([1, 2, 3, 6]))
def test_the_share_seen_is_that_of_the_pictures_that_are_a_step_of_some_window(
    spec: WindowSpec, lengths: list[list[int]], picture_step: int
):
    chunks = [(game, frames) for game, per_game in enumerate(lengths) for frames in per_game]
    grid = replace(grid_of(chunks), picture_step=picture_step)
    seen, there = 0, 0
    for chunk, (_, frames) in enumerate(chunks):
        shown = spec.step_frames(grid.starts(spec, chunk))[:, spec.history :]
        pictures = set(range(0, frames, picture_step))
        seen, there = seen + len(pictures & set(shown.ravel().tolist())), there + len(pictures)
    assert grid.share_seen(spec) == pytest.approx(seen / there)


def test_a_dataset_without_chunks_shows_nothing():
    assert grid_of([]).share_seen(WindowSpec()) == 0


@given(games, specs, st.sampled_from([2, 3, 5]))
def test_a_window_starts_at_a_picture(lengths: list[list[int]], spec: WindowSpec, picture_step: int):
    chunks = [(game, frames) for game, per_game in enumerate(lengths) for frames in per_game]
    grid = replace(grid_of(chunks), picture_step=picture_step)
    steps = picture_step * spec.stride if spec.start == "any" else GOP * spec.stride
    for chunk, (_, frames) in enumerate(chunks):
        assert grid.starts(spec, chunk).tolist() == list(range(0, frames - spec.span + 1, steps))


@pytest.mark.parametrize(
    ("options", "frames_per_action", "actions_per_step", "has_sets"),
    [
        ({"actions": "last"}, 1, 1, False),
        ({"actions": "every"}, 6, 6, True),
        ({"actions": "any"}, 6, 1, False),
        ({"actions": "any", "action_fps": 10}, 6, 1, True),
        ({"actions": "any", "action_fps": 60}, 6, 6, True),
    ],
)
def test_how_many_inputs_a_step_of_six_frames_has(
    options: dict[str, Any], frames_per_action: int, actions_per_step: int, has_sets: bool
):
    spec = WindowSpec(frame_step=6, **options)
    found = (spec.frames_per_action, spec.actions_per_step, spec.has_sets)
    assert found == (frames_per_action, actions_per_step, has_sets)


def test_the_inputs_of_a_step_are_those_of_the_frames_since_the_one_before():
    spec = WindowSpec(2, frame_step=3, stack=2, actions="every", action_shift=1, lookahead=1)
    frames, is_pad = spec.action_frames(np.array([4]), np.array([12]))
    # Steps at frames 7 and 10 and one more, each moved by one; the last step lacks frames 12 and 13.
    assert frames.tolist() == [[[6, 7, 8], [9, 10, 11], [11, 11, 11]]]
    assert is_pad.tolist() == [[[False] * 3, [False] * 3, [True] * 3]]


@pytest.mark.parametrize("window", [2.5, True, "16", None])
def test_a_window_that_is_no_whole_number_fails(window: object):
    with pytest.raises(ValueError, match="window is a whole number, 1 or more"):
        WindowSpec(window)  # type: ignore[arg-type]
