"""A repair of plan files gives each game one place and its own numbers, and leaves sound plans alone."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.ledger.dataset import open_or_create
from manifests.ledger.plan import append_plan, number_games, planned_games
from manifests.ledger.plan_repair import (
    PlanOfFile,
    Repaired,
    read_plans,
    without_shared_numbers,
    write_repaired,
)
from manifests.store.contract import Store
from manifests.store.open import open_store
from tests.manifests.conftest import Samples

SAMPLES = Samples()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


PLANS = st.lists(
    st.tuples(st.sets(st.integers(0, 9), min_size=1, max_size=4), st.integers(0, 6)), min_size=1, max_size=4
)


def plans_of(drawn: list[tuple[set[int], int]]) -> list[PlanOfFile]:
    plans = []
    for number, (games, first) in enumerate(drawn):
        planned = number_games([SAMPLES.to_plan(n) for n in games], 90, first)
        plans.append(PlanOfFile(number, 90, planned[-1].file_numbers.stop, planned))
    return plans


@pytest.mark.slow
@given(PLANS)
def test_afterwards_nothing_is_shared_and_a_second_repair_finds_nothing(drawn: list[tuple[set[int], int]]):
    plans = plans_of(drawn)
    repaired = without_shared_numbers(plans)
    games = repaired.games()
    assert [game.game_id for game in games] == sorted({game.game_id for plan in plans for game in plan.games})
    numbers = list(itertools.chain.from_iterable(game.file_numbers for game in games))
    assert len(set(numbers)) == len(numbers)
    assert all(number < max(plan.next_file_number for plan in repaired.plans) for number in numbers)
    places = [
        {(plan.number, game) for plan in each for game in plan.games} for each in (plans, repaired.plans)
    ]
    assert sorted(repaired.game_ids) == sorted(game.game_id for _, game in places[0] - places[1])
    again = without_shared_numbers(repaired.plans)
    assert (again.changed, again.game_ids) == ([], [])
    assert repaired.plans[0] == plans[0], "the earliest plan keeps what it has"


def test_what_was_repaired_half_is_repaired_by_doing_it_again():
    plans = plans_of([({1, 2}, 0), ({3, 4}, 0), ({5}, 1)])
    repaired = without_shared_numbers(plans)
    assert repaired.changed == [1, 2]
    half = [plans[0], repaired.plans[1], plans[2]]
    whole = without_shared_numbers(half)
    assert whole.changed == [2]
    assert without_shared_numbers(whole.plans) == Repaired(plans=whole.plans)


def test_sound_plans_are_read_back_and_left_alone(store: Store, samples: Any):
    open_or_create(store, samples.description)
    for n in (1, 2):
        append_plan(store, [samples.to_plan(n)], 90)
    before = [store.get(f"plan/{number:04}.parquet") for number in (0, 1)]
    write_repaired(store, without_shared_numbers(read_plans(store)))
    assert [store.get(f"plan/{number:04}.parquet") for number in (0, 1)] == before


def test_a_repaired_plan_is_on_the_store_with_a_sum_that_fits(store: Store, samples: Any):
    open_or_create(store, samples.description)
    (first,) = append_plan(store, [samples.to_plan(1)], 90)
    store.put("plan/0001.parquet", store.get("plan/0000.parquet"))
    write_repaired(store, without_shared_numbers(read_plans(store)))
    assert list(planned_games(store)) == [first]
    with pytest.raises(StopIteration):
        next(iter(read_plans(store)[1].games))
