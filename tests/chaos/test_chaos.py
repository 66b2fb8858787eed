"""A farm under faults loses no game, does none twice, leaves no process; `make chaos` tests more of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.clock import Clock
from tests.chaos.faults import FAULTS, schedule
from tests.chaos.run import disturbed
from tests.s3_server.server import swift_python
from tests.workers.emulator.slippi_doubles import needs_slippi


def test_the_same_seed_gives_the_same_schedule_and_another_one_another():
    assert schedule(7, 5, 6) == schedule(7, 5, 6)
    assert len({tuple(schedule(seed, 5, 6)) for seed in range(20)}) == 20
    for seed in range(20):
        numbers = [number for number, _ in schedule(seed, 5, 6)]
        assert numbers == sorted(numbers)
        assert set(numbers) <= set(range(6))


@pytest.mark.parametrize("emulator", FAULTS)
def test_every_fault_is_dealt_once_before_one_comes_again(emulator: str):
    dealt = [name for seed in range(20) for _, name in schedule(seed, 1, 6, emulator)]
    assert len(set(dealt)) == 20
    faults = set(FAULTS[emulator])
    seeds = -(-len(faults) // 2)
    assert {name for seed in range(seeds) for _, name in schedule(seed, 2, 6, emulator)} == faults


def test_the_clock_of_a_process_jumps_there_and_back_and_what_it_waits_for_stays(tmp_path: Path):
    clock = Clock(tmp_path)
    if not clock.can_jump:
        pytest.skip("no C compiler here")
    code = "import sys, time; [print(time.time(), time.monotonic(), flush=True) for _ in sys.stdin]"
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **clock.environment}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        told = []
        for seconds in (0, 3600, -3600, 0):
            clock.jump(seconds)
            child.stdin.write("\n")
            child.stdin.flush()
            wall, monotonic = map(float, child.stdout.readline().split())
            told.append((wall, monotonic))
        child.stdin.close()
    ahead = [wall - monotonic - (told[0][0] - told[0][1]) for wall, monotonic in told]
    assert ahead == pytest.approx([0, 3600, -3600, 0], abs=1)


@pytest.mark.ray
@pytest.mark.s3
@pytest.mark.dolphin
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_short_disturbed_run_holds():
    if swift_python() is None:
        pytest.skip("no S3 server here: make extras-s3")
    seed = int(os.environ.get("FARM_CHAOS_SEED", "5"))
    outcome = disturbed(seed, num_games=3, num_frames=60, num_faults=2, only=[])
    sys.stdout.write(f"{outcome}\n")
    assert outcome.holds
    assert sorted([*outcome.faults, *outcome.missed]) == sorted(name for _, name in schedule(seed, 2, 3))


@pytest.mark.ray
@pytest.mark.s3
@pytest.mark.slippi
@pytest.mark.slow
@pytest.mark.timeout(900)
@needs_slippi
def test_a_channel_that_is_broken_costs_an_attempt_not_the_game():
    faults = ["shut_channel", "garble_channel", "blacken_pictures", "kill_display"]
    outcome = disturbed(1, num_games=4, num_frames=120, num_faults=4, only=faults, emulator="slippi")
    sys.stdout.write(f"{outcome}\n")
    assert outcome.holds
    assert outcome.faults == faults
