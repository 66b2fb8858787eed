"""The order of windows is a permutation, the same however it is divided, and keeps a game's windows apart."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.training import order as order_module
from manifests.training.order import Order, RankShare, _sorted_games
from manifests.training.permutation import permute

visit_counts = st.lists(st.integers(0, 40), min_size=1, max_size=30).filter(any)
SHA = "5" * 64
GAMES_OF_OLD = [6, 3, 0, 6, 2, 4, 0, 6, 4, 5, 3, 2, 6, 4, 0, 6, 3, 0, 6, 4, 5, 0, 3, 6, 2, 4]
VISITS_OF_OLD = [0, 2, 3, 6, 0, 2, 4, 4, 0, 1, 1, 1, 5, 3, 2, 2, 0, 1, 3, 1, 0, 0, 3, 1, 2, 4]


def whole(order: Order) -> list[tuple[int, int]]:
    return list(zip(*(part.tolist() for part in order.slice(0, order.num_positions)), strict=True))


@given(st.integers(1, 500), st.integers(0, 2**64 - 1))
def test_a_permutation_reaches_every_place_once(size: int, key: int):
    places = np.arange(size)
    found = permute(places, np.full(size, size), np.full(size, key, np.uint64))
    assert sorted(found.tolist()) == places.tolist()


def test_a_place_outside_fails():
    with pytest.raises(ValueError, match="outside"):
        permute(np.array([3]), np.array([3]), np.array([1], np.uint64))


@pytest.mark.slow
@given(visit_counts, st.integers(0, 3), st.integers(0, 3), st.integers(1, 20))
def test_an_epoch_visits_every_visit_of_every_game_once(visits: list[int], seed: int, epoch: int, apart: int):
    order = Order(np.array(visits), seed, epoch, SHA, apart)
    expected = [(game, visit) for game, count in enumerate(visits) for visit in range(count)]
    assert sorted(whole(order)) == expected


@pytest.mark.slow
@given(visit_counts, st.data())
def test_any_slice_is_that_slice_of_the_whole(visits: list[int], data: st.DataObject):
    order = Order(np.array(visits), 1, 2, SHA, 4)
    start = data.draw(st.integers(0, order.num_positions))
    end = data.draw(st.integers(start, order.num_positions))
    game, visit = order.slice(start, end)
    assert list(zip(game.tolist(), visit.tolist(), strict=True)) == whole(order)[start:end]


@pytest.mark.parametrize("places", [1, 7, 30])
def test_an_epoch_of_many_blocks_is_the_one_that_is_worked_out_at_once(
    monkeypatch: pytest.MonkeyPatch, places: int
):
    visits = np.array([40, 0, 3, 17, 9, 1])
    at_once = whole(Order(visits, 1, 2, SHA, 4))
    monkeypatch.setattr(order_module, "_BLOCK_PLACES", places)
    order = Order(visits, 1, 2, SHA, 4)
    assert whole(order) == at_once
    one_by_one = [order.slice(place, place + 1) for place in range(order.num_positions)]
    assert [(int(game[0]), int(visit[0])) for game, visit in one_by_one] == at_once


@pytest.mark.parametrize("wrong", [(3, 2), (-1, 2), (0, 71)])
def test_a_range_outside_of_the_epoch_fails(wrong: tuple[int, int]):
    with pytest.raises(ValueError, match="no range within 70 positions"):
        Order(np.array([40, 0, 3, 17, 9, 1]), 1, 2, SHA, 4).slice(*wrong)


@pytest.mark.parametrize("change", [{"seed": 1}, {"epoch": 1}, {"manifest_sha256": "6" * 64}])
def test_another_seed_epoch_or_manifest_is_another_order(change: dict[str, object]):
    usual = {"seed": 0, "epoch": 0, "manifest_sha256": SHA}
    visits = np.full(50, 20)
    assert whole(Order(visits, **usual)) == whole(Order(visits, **usual))  # type: ignore[arg-type]
    assert whole(Order(visits, **usual)) != whole(Order(visits, **{**usual, **change}))  # type: ignore[arg-type]


@settings(max_examples=40)
@given(st.integers(0, 100), st.integers(2, 16), st.data())
def test_neighbours_are_of_different_games_where_games_suffice(seed: int, apart: int, data: st.DataObject):
    lengths = st.integers(30, 40)
    visits = np.array(data.draw(st.lists(lengths, min_size=4 * apart, max_size=5 * apart)))
    games, _ = Order(visits, seed, 0, SHA, apart).slice(0, int(visits.sum()))
    last: dict[int, int] = {}
    for position, game in enumerate(games.tolist()):
        assert position - last.get(game, -apart) >= apart
        last[game] = position


@pytest.mark.parametrize("place", [-1, 70])
def test_a_position_outside_of_the_epoch_fails(place: int):
    with pytest.raises(ValueError, match=f"positions {place} to {place} of 70"):
        Order(np.array([40, 0, 3, 17, 9, 1]), 1, 2, SHA, 4).at(np.array([place]))


def test_a_block_holds_as_many_rounds_as_fit_but_never_all_of_a_long_epoch(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(order_module, "_BLOCK_PLACES", 12)
    block = Order(np.full(6, 40), 1, 2, SHA, 4)._rounds(0)
    assert (block.first, block.next_round, block.games.size) == (0, 2, 12)


def test_games_too_few_take_turns():
    games, _ = Order(np.array([9, 9, 9, 9]), 0, 0, SHA, 64).slice(0, 36)
    turn = games[:4].tolist()
    assert sorted(turn) == [0, 1, 2, 3]
    assert games.tolist() == turn * 9


def test_games_come_evenly_spread_over_the_epoch():
    visits = np.array([100] * 20 + [5] * 40)
    games, _ = Order(visits, 3, 0, SHA, 4).slice(0, int(visits.sum()))
    quarters = np.array_split(games, 4)
    for quarter in quarters:
        assert 40 <= (quarter >= 20).sum() <= 60  # of 200 games in all


@given(st.integers(1, 300), st.integers(1, 5), st.integers(1, 8), st.booleans())
def test_ranks_share_every_position_and_have_equally_many_batches(
    total: int, batch: int, world: int, drop: bool
):
    shares = [RankShare(total, batch, rank, world, 0, drop) for rank in range(world)]
    assert len({share.num_steps for share in shares}) == 1
    taken: Counter[int] = Counter()
    for share in shares:
        for step in range(share.num_steps):
            positions, is_repeat = share.batch(step)
            taken.update(positions[~is_repeat].tolist())
    covered = total // (batch * world) * batch * world if drop else total
    assert taken == Counter(range(covered))


@given(
    st.integers(1, 300),
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 8), st.integers(0, 9)), max_size=6),
)
def test_stopping_and_going_on_at_other_sizes_is_the_same_sequence(
    total: int, runs: list[tuple[int, int, int]]
):
    begin, order = 0, []
    for batch, world, num_steps in [*runs, (3, 2, 10**6)]:
        shares = [RankShare(total, batch, rank, world, begin) for rank in range(world)]
        steps = min(num_steps, shares[0].num_steps)
        for step in range(steps):
            batches = [share.batch(step) for share in shares]
            # Interleaved by rank, as the positions are given out.
            pairs = itertools.chain.from_iterable(
                zip(*(zip(*found, strict=True) for found in batches), strict=True)
            )
            order += [int(position) for position, is_repeat in pairs if not is_repeat]
        begin = min(begin + steps * shares[0].positions_per_step, total)
    assert order == list(range(total))


def test_nothing_to_visit_fails():
    with pytest.raises(ValueError, match="nothing to visit"):
        Order(np.zeros(3, np.int64), 0, 0, SHA)


@pytest.mark.parametrize(
    ("wrong", "what"), [({"rank": 2, "world_size": 2}, "rank 2 of 2"), ({"begin": 9}, "position 9")]
)
def test_a_share_out_of_range_fails(wrong: dict[str, int], what: str):
    with pytest.raises(ValueError, match=what):
        RankShare(8, 1, **wrong)


@pytest.mark.slow
@given(visit_counts, st.integers(0, 3), st.data())
def test_any_positions_are_looked_up_alike_in_any_order(visits: list[int], seed: int, data: st.DataObject):
    order = Order(np.array(visits), seed, 0, SHA, 4)
    wanted = data.draw(st.lists(st.integers(0, order.num_positions - 1), max_size=20))
    game, visit = order.at(np.array(wanted, np.int64))
    expected = whole(Order(np.array(visits), seed, 0, SHA, 4))
    assert list(zip(game.tolist(), visit.tolist(), strict=True)) == [expected[place] for place in wanted]


def test_the_order_of_an_epoch_never_changes():
    # Recorded when every round was sorted by itself: a saved stream's state must mean the same for ever.
    game, visit = Order(np.array([5, 0, 3, 4, 5, 2, 7]), 3, 1, SHA, 2).slice(0, 26)
    assert game.tolist() == GAMES_OF_OLD
    assert visit.tolist() == VISITS_OF_OLD


@pytest.mark.parametrize(("num_games", "num_buckets"), [(568, 3), (569, 2)])
def test_without_a_word_256_neighbours_are_kept_apart(num_games: int, num_buckets: int):
    """Two buckets are enough once nine tenths of a round have twice as many games as are kept apart."""
    assert Order(np.ones(num_games, np.int64), 0, 0, SHA).num_buckets == num_buckets


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 9), st.integers(1, 3))
def test_sorting_by_one_number_is_sorting_by_two(seed: int, rounds: int, games: int, coarse: int):
    dice = np.random.default_rng(seed)
    takes_part, bucket = dice.random((rounds, games)) < 0.7, dice.integers(0, 3, games)
    # Cases that could go wrong: equal random numbers, and numbers that differ only in their last bits.
    shuffle = dice.integers(0, coarse + 1, (rounds, games), dtype=np.uint64)
    shuffle[dice.random((rounds, games)) < 0.2] = 2**64 - 1
    order = _sorted_games(takes_part, bucket, shuffle)
    for number in range(rounds):
        present = np.flatnonzero(takes_part[number])
        wanted = present[np.lexsort((shuffle[number, present], bucket[present]))]
        assert order[number, : present.size].tolist() == wanted.tolist()
