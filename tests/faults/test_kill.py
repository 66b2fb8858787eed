"""A run killed with -9 at any moment leaves no torn file and no process, and the next run completes it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from manifests.ledger.entry import Status, done_game_ids, read_entry
from manifests.store.open import open_store
from tests.end_to_end.command import FarmCommand
from workers.standin.recorder import record_match

DOLPHIN = "dolphin-emu"
NUM_FRAMES = 240  # of the game; Dolphin is killed while it starts
PATIENCE_SECONDS = 120.0

pytestmark = [pytest.mark.dolphin, pytest.mark.slow]


@pytest.fixture
def farm_command(tmp_path: Path) -> FarmCommand:
    home = tmp_path / "home"
    home.mkdir()
    return FarmCommand(home)


@pytest.fixture
def replay(tmp_path: Path) -> Path:
    path = tmp_path / "replay.slp"
    path.write_bytes(record_match(11, num_frames=NUM_FRAMES))
    return path


def until(holds: Callable[[], object]) -> None:
    """Poll until it is so; other processes do the work, so there is nothing else to wait on."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "gave up waiting"
        time.sleep(0.02)


def kill(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def assert_whole(dataset: Path) -> None:
    store = open_store(dataset)
    (game_id,) = done_game_ids(store)
    entry = read_entry(store, game_id)
    assert entry is not None
    assert (entry.status, entry.num_frames) == (Status.COMMITTED, NUM_FRAMES)


def test_a_killed_dolphin_costs_an_attempt_not_the_game(
    replay: Path, tmp_path: Path, farm_command: FarmCommand
):
    running = farm_command.start(
        "render", "--emulator", "standin", "--replays", replay, "--out", tmp_path / "dataset"
    )
    until(lambda: farm_command.descendants(DOLPHIN))
    kill(farm_command.descendants(DOLPHIN))
    out, err = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 0, out + err
    assert_whole(tmp_path / "dataset")
    assert not farm_command.descendants()


@pytest.mark.parametrize("victim", ["the run", "its worker"])
def test_a_killed_job_leaves_nothing_and_the_next_run_completes_it(
    victim: str, replay: Path, tmp_path: Path, farm_command: FarmCommand
):
    arguments = ("render", "--emulator", "standin", "--replays", replay, "--out", tmp_path / "dataset")
    running = farm_command.start(*arguments)
    until(lambda: farm_command.descendants(DOLPHIN))
    kill([running.pid] if victim == "the run" else farm_command.descendants("farm.pools.slot_process"))
    running.communicate(timeout=PATIENCE_SECONDS)
    if victim == "the run":
        until(lambda: not farm_command.descendants())
        assert list(done_game_ids(open_store(tmp_path / "dataset"))) == []
        assert farm_command.run(*arguments).returncode == 0
    assert_whole(tmp_path / "dataset")
    assert not farm_command.descendants()
    scratch = [
        path for path in (tmp_path / "home" / "tmp").rglob("*") if path.is_file() and path.suffix != ".lock"
    ]
    assert scratch == []
