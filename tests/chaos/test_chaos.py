"""A farm under faults loses nothing, does nothing twice, leaves nothing; `make chaos` does it at length."""

from __future__ import annotations

import os
import sys

import pytest

from tests.chaos.faults import FAULTS, schedule
from tests.chaos.run import disturbed
from tests.s3_server.server import swift_python


def test_the_same_seed_gives_the_same_schedule_and_another_one_another():
    assert schedule(7, 5, 6) == schedule(7, 5, 6)
    assert len({tuple(schedule(seed, 5, 6)) for seed in range(20)}) == 20
    for seed in range(20):
        numbers = [number for number, _ in schedule(seed, 5, 6)]
        assert numbers == sorted(numbers)
        assert set(numbers) <= set(range(6))


def test_some_twenty_seeds_try_every_fault():
    assert {name for seed in range(1, 21) for _, name in schedule(seed, 5, 6)} == set(FAULTS)


@pytest.mark.ray
@pytest.mark.s3
@pytest.mark.dolphin
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_short_disturbed_run_holds():
    if swift_python() is None:
        pytest.skip("no S3 server here: make extras-s3")
    seed = int(os.environ.get("FARM_CHAOS_SEED", "5"))
    outcome = disturbed(seed, num_games=4, num_frames=60, num_faults=3, only=[])
    sys.stdout.write(f"{outcome}\n")
    assert outcome.wrong == []
    assert outcome.faults == [name for _, name in schedule(seed, 3, 4)]
