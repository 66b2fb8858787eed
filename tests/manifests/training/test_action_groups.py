"""Inputs of the frames between a window's steps are grouped so that none is lost or made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.state.views import ACTION, JUST_PRESSED, make_view
from manifests.training.action_groups import group_actions
from manifests.training.fields import Fields
from manifests.training.row_arrays import RowArrays
from manifests.training.windows import WindowSpec
from tests.manifests.small_dataset import one_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.training.dataset import WindowDataset

    Opened = Callable[..., WindowDataset]

OPTIONS: dict[str, Any] = {"window": 5, "frame_step": 4, "start": "any", "fields": ["action", "just_pressed"]}
_NUM_STICKS = 10  # number of values in the action view before the buttons


def frames_of(sample: Any, step: int) -> range:
    """Rows of the whole game's table whose inputs belong to a step: those after the previous step."""
    last = int(sample["slp_frame"][step]) - one_state().first_slp_frame
    return range(last - 3, last + 1)


@pytest.mark.slow
def test_every_gives_the_inputs_of_every_frame_since_the_step_before(opened: Opened):
    sample = opened(**OPTIONS, actions="every")[7]
    action = make_view(one_state(), ACTION)
    assert sample["action"].shape == (5, 4, action.values.shape[1])
    assert sample["action_ids"].shape == (5, 4, 2)
    assert sample["action_is_pad"].shape == (5, 4)
    for step in range(5):
        assert (sample["action"][step] == action.values[frames_of(sample, step)]).all()


def test_any_holds_what_was_held_in_some_frame_and_takes_the_last_stick(opened: Opened):
    dataset = opened(**OPTIONS, actions="any")
    action, pressed = make_view(one_state(), ACTION), make_view(one_state(), JUST_PRESSED)
    for window in range(4, len(dataset), 9):
        sample = dataset[window]
        for step in range(5):
            rows = frames_of(sample, step)
            if sample["action_is_pad"][step]:
                continue
            values = action.values[rows]
            assert (sample["action"][step, :_NUM_STICKS] == values[-1, :_NUM_STICKS]).all()
            assert (sample["action"][step, _NUM_STICKS:] == values[:, _NUM_STICKS:].max(axis=0)).all()
            assert (sample["just_pressed"][step] == pressed.values[rows].max(axis=0)).all()
            held = np.bitwise_or.reduce(one_state().values("p0.buttons")[rows])
            assert sample["action_ids"][step, 0] == held


@pytest.mark.parametrize(("actions", "kept"), [("every", 1.0), ("any", 1.0), ("last", 0.5)])
def test_how_many_presses_are_kept(opened: Opened, actions: str, kept: float):
    """Between a window's first and last step, "last" keeps only a part of the presses, as expected."""
    dataset = opened(**{**OPTIONS, "window": 20}, actions=actions)
    pressed = make_view(one_state(), JUST_PRESSED).values
    seen, due = 0, 0
    for window in range(0, len(dataset), 3):
        sample = dataset[window]
        rows = sample["slp_frame"] - one_state().first_slp_frame
        due += int(pressed[rows[0] + 1 : rows[-1] + 1].any(axis=1).sum())
        found = sample["just_pressed"][1:]
        seen += int(found.reshape(-1, found.shape[-1]).any(axis=1).sum())
    assert due > 20
    assert seen / due == 1.0 if actions == "every" else seen / due <= 1.0
    if actions == "last":
        assert seen / due < kept


def test_no_press_is_lost_with_any(opened: Opened):
    dataset = opened(**{**OPTIONS, "window": 20}, actions="any")
    pressed = make_view(one_state(), JUST_PRESSED).values
    for window in range(0, len(dataset), 3):
        sample = dataset[window]
        rows = sample["slp_frame"] - one_state().first_slp_frame
        due = pressed[rows[0] + 1 : rows[-1] + 1].reshape(19, 4, -1).max(axis=1)
        assert (sample["just_pressed"][1:] == due).all()


def test_sets_of_inputs_per_second_are_parts_of_a_step(opened: Opened):
    whole = opened(**OPTIONS, actions="every")[7]["action"]
    halves = opened(**OPTIONS, actions="any", action_fps=30)[7]["action"]
    assert halves.shape == (5, 2, whole.shape[-1])
    for half in range(2):
        frames = whole[:, 2 * half : 2 * half + 2]
        assert (halves[:, half, _NUM_STICKS:] == frames[..., _NUM_STICKS:].max(axis=1)).all()
        assert (halves[:, half, :_NUM_STICKS] == frames[:, -1, :_NUM_STICKS]).all()


def test_frames_that_the_chunk_does_not_have_press_nothing_and_are_masked(opened: Opened):
    for actions in ("every", "any"):
        sample = opened(**OPTIONS, actions=actions)[0]
        missing = sample["action_is_pad"].reshape(5, -1).any(axis=1)
        assert missing.tolist() == [True, False, False, False, False]
        assert not sample["action_valid"][0].reshape(-1, sample["action"].shape[-1]).all()
    values = make_view(one_state(), ACTION).values
    assert (opened(**OPTIONS, actions="any")[0]["action"][0, _NUM_STICKS:] == values[0, _NUM_STICKS:]).all()


def test_lookahead_and_shift_count_frames_and_steps(opened: Opened):
    sample = opened(**OPTIONS, actions="every", action_shift=4, lookahead=2)[3]
    action = make_view(one_state(), ACTION).values
    assert sample["action"].shape[:2] == (7, 4)
    first = int(sample["slp_frame"][0]) - one_state().first_slp_frame
    flat = sample["action"].reshape(28, -1)
    assert (flat == action[first + 1 : first + 29]).all(), "the inputs that lead to the next step, and on"


@given(st.integers(1, 12), st.integers(0, 2**32))
def test_grouping_is_or_over_buttons_and_last_over_sticks(frame_step: int, seed: int):
    spec = WindowSpec(2, frame_step=frame_step, actions="any")
    (part,) = RowArrays(Fields(("action",))).parts
    dice = np.random.default_rng(seed)
    shape = (3, 2, frame_step)
    is_pad = dice.random(shape) < 0.2
    arrays = {
        "action": dice.integers(0, 2, (*shape, 34)).astype(np.float32),
        "action_valid": dice.random((*shape, 34)) < 0.9,
        "action_ids": dice.integers(0, 1 << 13, (*shape, 2)),
    }
    found = group_actions(arrays, is_pad, part, spec)
    there = np.where(is_pad[..., None], 0, arrays["action"])
    assert (found["action"][..., _NUM_STICKS:] == there[..., _NUM_STICKS:].max(axis=2)).all()
    assert (found["action"][..., :_NUM_STICKS] == there[..., -1, :_NUM_STICKS]).all()
    assert (found["action_valid"] == (arrays["action_valid"] & ~is_pad[..., None]).all(axis=2)).all()
    ids = np.where(is_pad[..., None], 0, arrays["action_ids"])
    assert (found["action_ids"] == np.bitwise_or.reduce(ids, axis=2)).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"actions": "all"}, "actions are of the 'last' frame, of 'every' or of 'any', got 'all'"),
        ({"action_fps": 30}, "action_fps goes with actions='any'"),
        ({"action_fps": 20, "actions": "any", "frame_step": 4}, r"it is one of \[60, 30, 15\], got 20"),
        ({"action_fps": 30.0, "actions": "any", "frame_step": 7}, r"it is one of \[60\]"),
    ],
)
def test_options_that_do_not_go_together_fail(wrong: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        WindowSpec(**wrong)


def test_a_stream_goes_on_from_a_state_of_before_these_options(opened: Opened):
    dataset = opened(fields=["p0.x"])
    state = dataset.stream(batch_size=2).state_dict()
    for name in ("actions", "action_fps"):
        del state["window"][name]
    dataset.stream(batch_size=2).load_state_dict(state)
    with pytest.raises(ValueError, match="another window"):
        opened(fields=["p0.x"], frame_step=2, actions="any").stream(batch_size=2).load_state_dict(state)
