"""Frames for the reference models are sorted by player and kind, and some games are held out."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

from manifests import WindowSpec, as_dict, open_dataset  # noqa: E402
from manifests.reference.frames import (  # noqa: E402
    IDS,
    NUM_ANALOG,
    NUM_HELD,
    VALUES,
    category_table,
    held_out,
    hold,
    num_classes,
    open_states,
    read_frames,
)

pytestmark = pytest.mark.torch


def test_each_value_is_that_of_its_player_and_column(states: Path):
    dataset = open_states(str(states), WindowSpec(4, start="any", lookahead=1))
    frames = read_frames(dataset, next(iter(dataset.stream(batch_size=8))))
    fields = ["p1.vy_self", "p0.d_ground_class", "p1.c_x", "p1.d_frames_in_action"]
    plain = open_dataset(states, window=WindowSpec(4, start="any", lookahead=1), fields=fields, as_torch=True)
    true = as_dict(next(iter(plain.stream(batch_size=8))))
    assert torch.equal(frames.values[:, :, 1, VALUES.index("vy_self")], true["p1.vy_self"])
    assert torch.equal(frames.ids[:, :, 0, list(IDS).index("ground")], true["p0.d_ground_class"].long())
    assert torch.equal(
        frames.ids[:, :, 1, list(IDS).index("age")], true["p1.d_frames_in_action"].clamp(0, 63).long()
    )
    assert torch.equal(frames.controls[:, :4, 1, 2], true["p1.c_x"])
    assert frames.controls.shape == (8, 5, 2, 29)


def test_every_id_is_below_its_number_of_classes(states: Path):
    dataset = open_states(str(states), WindowSpec(4, start="any"))
    frames = read_frames(dataset, next(iter(dataset.stream(batch_size=64))))
    assert (frames.ids.amax((0, 1, 2)) < torch.tensor([num_classes()[name] for name in IDS])).all()


def test_a_held_input_has_the_same_sticks_and_buttons_and_no_press():
    held = hold(torch.ones(3, 29))
    assert (held[:, :NUM_HELD] == 1).all()
    assert (held[:, NUM_HELD:] == 0).all()
    assert NUM_HELD - NUM_ANALOG == 29 - NUM_HELD  # one press of each button


def test_every_fifth_game_is_held_out_where_there_is_no_test_split(states: Path):
    train, test = (set(open_states(str(states), WindowSpec(4), where).games["game_id"].to_pylist())
                   for where in held_out(str(states)))  # fmt: skip
    assert (len(train), len(test)) == (4, 2)
    assert not train & test


def test_actions_of_every_character_have_a_category():
    assert category_table()[1, 0x41] == 12  # an aerial attack of Fox's
    assert category_table().shape == (num_classes()["character"], num_classes()["action"])
