"""A slope says how much a quantity grows per game, and how sure that is; `make soak` measures a long run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from farm.bench._footprint import family_of
from tests.end_to_end.disturbed import until
from tests.running import is_running
from tests.soak.sampling import sample
from tests.soak.slopes import slope


def test_a_slope_of_pure_growth_is_found_exactly():
    games = range(1, 1001)
    found = slope(games, [3 + 0.25 * game for game in games], [5] * len(games))
    assert found.per_game == pytest.approx(0.25)
    assert found.low == pytest.approx(0.25)
    assert found.high == pytest.approx(0.25)


def test_noise_that_does_not_grow_is_seldom_called_growth_even_if_samples_are_alike():
    chance = np.random.default_rng(1)
    games = np.arange(1, 2001)
    misses = 0
    for _ in range(200):
        steps = np.convolve(chance.normal(size=2019), np.ones(20) / 20, "valid")  # 20 in a row are alike
        found = slope(games, steps, np.ones(games.size))
        misses += not found.low <= 0 <= found.high
    assert misses <= 20


def test_what_the_first_games_load_once_is_no_growth():
    games = range(1, 1001)
    found = slope(games, [100 if game > 30 else game for game in games], [5] * len(games))
    assert found.per_game == pytest.approx(0)


def test_what_more_processes_hold_is_no_growth():
    games = range(1, 1001)
    processes = [4 + (game // 500) + game % 7 / 7 for game in games]
    found = slope(
        games, [10 * number + 0.5 * game for game, number in zip(games, processes, strict=True)], processes
    )
    assert found.per_game == pytest.approx(0.5)


def test_two_samples_give_no_slope():
    with pytest.raises(ValueError, match="needs 4"):
        slope([1, 2], [1, 2], [5, 5])


def test_a_sample_counts_what_a_process_holds():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = sample(os.getpid(), folder, folder, folder / "log")
        held = [os.open(name, os.O_RDONLY) for _ in range(5)]
        (folder / "log").write_bytes(bytes(4096))
        after = sample(os.getpid(), folder, folder, folder / "log")
        for descriptor in held:
            os.close(descriptor)
    assert after["driver descriptors"] - before["driver descriptors"] == 5
    assert after["tmpfs files"] - before["tmpfs files"] == 1
    assert after["log KiB"] == 4
    assert after["driver RSS MiB"] > 10


@pytest.mark.dolphin
@pytest.mark.slow
def test_a_soak_that_is_told_to_end_leaves_no_run_behind(tmp_path):
    words = [sys.executable, "-m", "tests.soak.run", "--games", "40", "--out", tmp_path / "samples.json"]
    soak = subprocess.Popen([*map(str, words)], stdout=subprocess.DEVNULL)
    samples = tmp_path / "samples.json"  # written once a game is done
    until(lambda: samples.exists() or soak.poll() is not None, "a game is done", 240)
    assert soak.poll() is None
    family = set(family_of(soak.pid)) - {soak.pid}
    soak.send_signal(signal.SIGTERM)
    assert soak.wait(60) == 128 + signal.SIGTERM
    until(lambda: not any(map(is_running, family)), "its run is gone", 60)
