"""A stream gives every window of an epoch once, with any number of ranks, stopped and resumed anywhere."""

from __future__ import annotations

import itertools
import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from manifests.training.sampling import (
    Sampling,
    by_balance,
    by_character,
    count_actions,
    damage,
    rarity,
    told_apart,
    window_means,
)
from manifests.training.weights import window_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manifests.training.dataset import WindowDataset
    from manifests.training.stream import Stream

    Opened = Callable[..., WindowDataset]

LIGHT = ("p0.x",)


def ids(batch: dict[str, Any]) -> list[tuple[int, int] | None]:
    """The (chunk, frame_index) of each window, None for a repeat."""
    parts = zip(
        batch["chunk"].tolist(), batch["frame_index"].tolist(), batch["is_repeat"].tolist(), strict=True
    )
    return [None if is_repeat else (chunk, frame) for chunk, frame, is_repeat in parts]


def in_order(streams: list[Stream], num_batches: int) -> Iterator[tuple[int, int]]:
    """The windows that all ranks take together, in the order of positions."""
    iterators = [iter(stream) for stream in streams]
    for _ in range(num_batches):
        per_rank = [ids(next(iterator)) for iterator in iterators]
        for dealt in zip(*per_rank, strict=True):
            yield from (one for one in dealt if one is not None)


@pytest.mark.slow
def test_any_ranks_and_any_stops_give_the_same_windows_in_the_same_order(opened: Opened):
    dataset = opened(fields=LIGHT, start="any", stride=3)
    expected = list(in_order([dataset.stream(batch_size=1, seed=4)], len(dataset)))
    assert len(set(expected)) == len(expected) == len(dataset)
    dice = random.Random(0)
    for trial in range(8):
        state, taken = None, []
        while len(taken) < len(dataset):
            world, batch = dice.randint(1, 8), dice.randint(1, 4)
            streams = [
                dataset.stream(batch_size=batch, rank=rank, world_size=world, seed=4) for rank in range(world)
            ]
            if state is not None:
                for stream in streams:
                    stream.load_state_dict(json.loads(state))
            num_batches = min(dice.randint(0, 12), len(streams[0]))
            taken += in_order(streams, num_batches)
            state = json.dumps(streams[0].state_dict())
            assert all(json.dumps(stream.state_dict()) == state for stream in streams)
        assert taken == expected, trial


@pytest.mark.slow
def test_the_next_epoch_is_another_order_of_the_same_windows(opened: Opened):
    stream = opened(fields=LIGHT).stream(batch_size=3)
    first, second = ([ids(batch) for batch in stream] for _ in range(2))
    assert stream.epoch == 2
    assert first != second
    windows = [sorted(one for batch in epoch for one in batch if one) for epoch in (first, second)]
    assert windows[0] == windows[1]


def test_a_batch_holds_no_game_twice_where_games_suffice(opened: Opened):
    for batch in opened(fields=LIGHT).stream(batch_size=3, drop_last=True):
        assert len(set(batch["game"].tolist())) == 3


def test_a_batch_larger_than_games_are_kept_apart_is_warned_of(
    opened: Opened, caplog: pytest.LogCaptureFixture
):
    opened(fields=LIGHT).stream(batch_size=4, world_size=2, apart=8)
    assert "apart" not in caplog.text
    opened(fields=LIGHT).stream(batch_size=5, world_size=2, apart=8)
    assert "give apart=10" in caplog.text


@pytest.mark.slow
def test_fetching_ahead_changes_nothing(opened: Opened):
    dataset = opened(window=4)
    plain, ahead = (list(dataset.stream(batch_size=4, threads=threads)) for threads in (0, 3))
    assert len(plain) == len(ahead) == 6
    for one, other in zip(plain, ahead, strict=True):
        assert one.keys() == other.keys()
        assert all((one[name] == other[name]).all() for name in one)


def test_a_batch_is_its_samples(opened: Opened):
    dataset = opened(window=4)
    places = {dataset.index.locate(window): window for window in range(len(dataset))}
    batch = next(iter(dataset.stream(batch_size=3)))
    for row, place in enumerate(ids(batch)):
        assert place is not None
        sample = dataset[places[place]]
        assert all((batch[name][row] == sample[name]).all() for name in sample)
    assert batch["video"].shape == (3, 4, 3, 480, 640)


@pytest.mark.parametrize("change", [{"seed": 9}, {"apart": 3}])
def test_a_state_of_another_order_fails(opened: Opened, change: dict[str, int]):
    dataset = opened(fields=LIGHT)
    state = dataset.stream(batch_size=2).state_dict()
    with pytest.raises(ValueError, match="the state is of another"):
        dataset.stream(batch_size=2, **change).load_state_dict(state)


def test_a_state_of_other_windows_fails(opened: Opened):
    state = opened(fields=LIGHT).stream(batch_size=2).state_dict()
    with pytest.raises(ValueError, match="another window"):
        opened(fields=LIGHT, window=15).stream(batch_size=2).load_state_dict(state)


def test_weights_decide_how_often_a_window_is_visited(opened: Opened):
    dataset = opened(fields=LIGHT)
    weights = np.ones(len(dataset))
    weights[3], weights[5] = 4.0, 0.0
    stream = dataset.stream(batch_size=1, weights=weights, num_visits=240)
    seen = list(itertools.chain.from_iterable(ids(batch) for batch in stream))
    assert len(seen) == 240
    counts = [seen.count(dataset.index.locate(window)) for window in range(len(dataset))]
    expected = weights / weights.sum() * 240
    assert counts[5] == 0
    assert np.abs(np.array(counts) - expected).max() <= 2


@pytest.mark.parametrize("weights", [np.zeros(5), np.ones(4), -np.ones(5), np.full(5, np.nan)])
def test_weights_that_are_none_fail(weights: np.ndarray):
    with pytest.raises(ValueError, match="weight"):
        Sampling.weighted(np.array([0, 5]), weights)


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=12).filter(any),
    st.integers(0, 2**32),
    st.integers(1, 400),
)
@example([0, 2], 0, 3)  # as many windows as games
def test_visits_are_in_proportion_to_weights_and_stay_in_their_game(
    lengths: list[int], seed: int, num_visits: int
):
    offsets = np.cumsum([0, *lengths])
    dice = np.random.default_rng(seed)
    weights = dice.random(offsets[-1]).astype(np.float32) * (dice.random(offsets[-1]) < 0.8)
    weights[0] += 1e-3  # so that there are windows to visit
    sampling = Sampling.weighted(offsets, weights, num_visits)
    assert sampling.visits.sum() == num_visits
    game = np.repeat(np.arange(len(lengths)), sampling.visits)
    visit = np.concatenate([np.arange(count) for count in sampling.visits.tolist()])
    windows = sampling.windows(game, visit)
    assert ((windows >= offsets[game]) & (windows < offsets[game + 1])).all()
    counts = np.bincount(windows, minlength=offsets[-1])
    for number, (first, end) in enumerate(itertools.pairwise(offsets.tolist())):
        if total := float(weights[first:end].sum()):
            due = weights[first:end] / total * sampling.visits[number]
            assert np.abs(counts[first:end] - due).max() < 1.01


def test_weights_of_games_are_told_from_those_of_as_many_windows():
    offsets, of_games = np.array([0, 0, 2]), np.array([9.0, 1.0])
    assert told_apart(of_games, offsets).tolist() == [1.0, 1.0]
    assert told_apart(of_games, np.array([0, 1, 4])) is of_games


@given(st.lists(st.integers(1, 30), min_size=2, max_size=12), st.integers(1, 400))
def test_weights_of_games_spread_visits_evenly_over_their_windows(lengths: list[int], num_visits: int):
    offsets, weights = np.cumsum([0, *lengths]), np.arange(len(lengths), dtype=np.float64)
    by_game = Sampling.weighted(offsets, weights, num_visits)
    assert by_game.cumulative is None
    assert by_game.visits[0] == 0
    game = np.repeat(np.arange(len(lengths)), by_game.visits)
    visit = np.concatenate([np.arange(count) for count in by_game.visits.tolist()])
    counts = np.bincount(by_game.windows(game, visit), minlength=offsets[-1])
    for first, end in itertools.pairwise(offsets.tolist()):
        assert counts[first:end].max() - counts[first:end].min() <= 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"batch_size": 2.5}, "batch_size is a whole number, 1 or more; got 2.5"),
        ({"batch_size": True}, "batch_size is a whole number"),
        ({"seed": "x"}, "seed is a whole number"),
        ({"threads": -1}, "threads is a whole number, 0 or more; got -1"),
        ({"epoch": -1}, "epoch is a whole number"),
        ({"num_visits": 0, "weights": "character"}, "num_visits is a whole number, 1 or more"),
        ({"rank": 1}, "rank 1 of 1"),
        ({"batch_size": 22, "drop_last": True}, "an epoch of 21 windows does not fill one batch of 22 on 1"),
    ],
)
def test_an_argument_of_another_type_or_out_of_range_is_named(
    opened: Opened, wrong: dict[str, Any], said: str
):
    with pytest.raises(ValueError, match=said):
        opened(fields=LIGHT).stream(**{"batch_size": 2, **wrong})


def test_rare_characters_and_rare_actions_weigh_more():
    balanced = by_balance([("FOX", "FOX"), ("FOX", "PICHU")], np.array([0, 30, 40]))
    assert balanced[1] > balanced[0]
    assert by_character([("FOX", "FOX"), ("FOX", "PICHU")], {"PICHU": 5.0}).tolist() == [1.0, 3.0]
    common, rare = np.array([[14, 14]] * 99), np.array([[350, 14]])
    counts = count_actions(common) + count_actions(rare)
    assert rarity(rare, counts)[0] > rarity(common, counts)[0] > 1.0
    assert (rarity(common, counts, power=0.0) == 1.0).all()
    hit = damage(np.array([[0.0, 0.0], [0.0, 8.0], [0.0, 8.0], [0.0, 0.0]]), factor=7.0)
    assert hit.tolist() == [1.0, 7.0, 1.0, 1.0]
    assert window_means(hit, np.array([0, 2]), np.array([0, 1])).tolist() == [4.0, 1.0]


@pytest.mark.parametrize(
    "options", [{"start": "any", "stride": 7}, {"history": 3, "stack": 2, "frame_step": 2}]
)
def test_weights_by_name_are_what_the_windows_show(
    opened: Opened, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    # No damage is done in so short a match, so here a frame's weight is its number.
    monkeypatch.setattr(
        "manifests.training.weights.damage", lambda percents: np.arange(len(percents), dtype=np.float64)
    )
    fields = ("p0.action", "p1.action")
    dataset = opened(fields=fields, window=8, **options)
    by_damage, by_action = (
        window_weights(dataset.reader, dataset.index, name) for name in ("damage", "action")
    )
    assert by_damage.shape == by_action.shape == (len(dataset),)
    counts = sum(
        count_actions(np.stack([table.values("p0.action"), table.values("p1.action")], 1))
        for table in map(dataset.reader.states.table, range(dataset.footage.grid.game.size))
    )
    for window in range(0, len(dataset), 3):
        sample, (chunk, _) = dataset[window], dataset.index.locate(window)
        of_step = ~sample["is_context"]
        actions = np.stack([sample["p0.action"], sample["p1.action"]], 1)[of_step]
        assert by_action[window] == pytest.approx(rarity(actions, counts).mean())
        first_slp_frame = dataset.footage.slp_frame_start[chunk]
        assert by_damage[window] == (sample["slp_frame"][of_step] - first_slp_frame).mean()
    assert by_action.max() > by_action.min()
    again = opened(fields=LIGHT, window=8, **options)
    again.reader.states._store = None  # type: ignore[assignment] # the second time they come from the cache
    assert (window_weights(again.reader, again.index, "damage") == by_damage).all()


def test_a_stream_takes_weights_by_name_and_by_character(opened: Opened):
    dataset = opened(fields=LIGHT)
    for weights in ("character", "action", "damage", {"FOX": 3.0}):
        stream = dataset.stream(batch_size=5, weights=weights)
        assert sum(np.count_nonzero(~batch["is_repeat"]) for batch in stream) == len(dataset)
    with pytest.raises(ValueError, match="character, action, damage, got 'actoin'"):
        dataset.stream(batch_size=5, weights="actoin")


def test_a_state_of_other_weights_fails(opened: Opened):
    dataset = opened(fields=LIGHT)
    state = dataset.stream(batch_size=2).state_dict()
    with pytest.raises(ValueError, match="another sampling_sha256"):
        dataset.stream(batch_size=2, weights="damage").load_state_dict(state)
