"""`farm bench makespan`: the real engine on simulated machines ends every game in nearly the ideal time."""

from __future__ import annotations

import json
import math

import pytest
from click.testing import CliRunner

from farm.bench._virtual_pool import SimulatedFarm, SimulatedGame, VirtualPool
from farm.bench.makespan import MEAN_FRAMES, farm_of, seconds_until, simulate, simulated_games
from farm.cli import farm
from farm.engine.pool import Breakage, JobBroke, SlotClosed, SlotOpened


def test_every_game_has_an_end_in_rough_weather_and_the_run_is_near_its_ideal():
    result = CliRunner().invoke(farm, ["bench", "makespan", "--games", "400", "--slots", "16", "--json"])
    assert result.exit_code == 0, result.output
    calm, rough = json.loads(result.stdout)["measured"]
    assert (calm["retries"], calm["set_aside"], calm["left_undone"]) == (0, 0, 0)
    assert rough["retries"] > 0
    assert 1 <= calm["over_ideal"] < 1.1
    assert 1 <= rough["over_ideal"] <= rough["over_useful"] < 1.2


def test_one_seed_gives_one_run():
    rows = [simulate(simulated_games(60), farm_of(4, 40), "rough", seed) for seed in (3, 3, 4)]
    assert rows[0].hours == rows[1].hours != rows[2].hours


def test_a_run_is_no_shorter_than_its_longest_game():
    games = [SimulatedGame(f"{k:064x}", frames) for k, frames in enumerate((28_000, 100, 100, 100))]
    row = simulate(games, SimulatedFarm(1, 4, node_spread=0, game_spread=0), "calm", 0)
    assert row.over_ideal == pytest.approx(1)


def test_lengths_have_the_mean_that_is_known():
    games = simulated_games(20_000)
    assert sum(game.num_frames for game in games) / len(games) == pytest.approx(MEAN_FRAMES, rel=0.03)


def test_the_ideal_heeds_machines_that_come_late_and_go():
    assert seconds_until([(0, 100, 2.0)], 60) == 30
    assert seconds_until([(0, 10, 2.0), (20, 100, 4.0)], 60) == 30
    assert seconds_until([(0, 10, 2.0)], 60) == math.inf


def test_slots_that_fit_no_machine_evenly_are_refused():
    result = CliRunner().invoke(farm, ["bench", "makespan", "--slots", "17"])
    assert result.exit_code == 2
    assert "17 slots cannot be divided evenly" in result.output


def test_a_machine_with_a_notice_closes_what_is_free_and_gives_back_what_does_not_finish():
    with VirtualPool(
        SimulatedFarm(1, 2, node_life_seconds=1000, unannounced_share=0, late_share=0), 1
    ) as pool:
        opened = pool.events(1)
        assert [type(event) for event in opened] == [SlotOpened, SlotOpened]
        (busy, free) = (event.slot for event in opened if isinstance(event, SlotOpened))
        pool.start(busy, SimulatedGame("0" * 64, 10_000_000))
        assert _next(pool) == [SlotClosed(free)]
        assert _next(pool) == [JobBroke(busy, Breakage.GIVEN_BACK, "simulated")]
        assert pool.lost_seconds > 0


def test_a_machine_that_vanishes_is_missed_after_a_while():
    with VirtualPool(
        SimulatedFarm(1, 1, node_life_seconds=1000, unannounced_share=1, late_share=0), 1
    ) as pool:
        (opened,) = pool.events(1)
        assert isinstance(opened, SlotOpened)
        pool.start(opened.slot, SimulatedGame("0" * 64, 10_000_000))
        assert _next(pool) == [JobBroke(opened.slot, Breakage.NODE_LOST, "simulated")]


def _next(pool: VirtualPool) -> list[object]:
    """Wait for the next event of the pool, however long that takes on the virtual clock."""
    while not (found := pool.events(0.25)):
        assert pool.now() < 1e6, "nothing happens any more"
    return list(found)
