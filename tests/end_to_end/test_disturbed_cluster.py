"""A cluster of three nodes on this machine renders while its workers, a node and its driver are killed.

`FARM_CLUSTER_GAMES=60 FARM_CLUSTER_FRAMES=300 pytest -s tests/end_to_end/test_disturbed_cluster.py` is the
run at length, with what it printed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.command import TOKEN, FarmCommand
from tests.end_to_end.disturbed import (
    assert_nothing_lost_nothing_twice,
    disturbed_run,
    record_games,
    until,
)
from tests.ray_cluster import node, started_cluster

pytestmark = [pytest.mark.ray, pytest.mark.dolphin, pytest.mark.slow, pytest.mark.timeout(900)]

NUM_GAMES = int(os.environ.get("FARM_CLUSTER_GAMES", "9"))
NUM_FRAMES = int(os.environ.get("FARM_CLUSTER_FRAMES", "60"))


class Processes:
    """Machines that are processes of this one."""

    def __init__(self, cluster: Any, command: FarmCommand, replays: Path, dataset: Path) -> None:
        self._cluster, self._command = cluster, command
        self._arguments = ["--replays", str(replays), "--out", str(dataset)]
        self._arguments += ["--scratch", str(command.home / "scratch"), "--log-seconds", "5"]
        self._arguments += ["--address", cluster.address]

    def start_driver(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "farm.launch", *self._arguments],
            env=self._command.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kill_driver(self, driver: subprocess.Popen[str]) -> None:
        driver.kill()

    def kill_worker(self) -> None:
        until(self.emulators, "somebody renders")
        os.kill(parent(self.emulators()[0]), signal.SIGKILL)

    def kill_node(self) -> None:
        self._cluster.remove_node(min(self._cluster.worker_nodes, key=str), allow_graceful=False)

    def add_node(self) -> None:
        self._cluster.add_node(**node(1))

    def emulators(self) -> list[int]:
        return self._command.descendants("dolphin-emu")

    def scratch_files(self) -> list[str]:
        return [str(path) for path in (self._command.home / "scratch").rglob("*")]


def parent(pid: int) -> int:
    return int((Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[1])


@pytest.fixture
def farm_command(monkeypatch: pytest.MonkeyPatch) -> Iterator[FarmCommand]:
    """At home in memory, so that what is left there is left in a tmpfs; nodes carry its mark, too."""
    home = Path(tempfile.mkdtemp(prefix="farm-cluster-test-", dir="/dev/shm"))
    command = FarmCommand(home, mark=uuid.uuid4().hex)
    monkeypatch.setenv(TOKEN, command.mark)
    yield command
    shutil.rmtree(home)


def test_nothing_is_lost_done_twice_or_left_behind(farm_command: FarmCommand, tmp_path: Path):
    replays, dataset = tmp_path / "replays", tmp_path / "dataset"
    record_games(replays, NUM_GAMES, NUM_FRAMES)
    with started_cluster(num_nodes=3, slots_each=1) as cluster:
        told = disturbed_run(Processes(cluster, farm_command, replays, dataset), dataset, NUM_GAMES)
    sys.stdout.write(f"{told}\n")
    assert_nothing_lost_nothing_twice(told, dataset, NUM_GAMES)
    ours = {os.getpid()}
    until(lambda: set(farm_command.descendants()) <= ours, "every process of the cluster is gone", 20)
    assert [path for path in farm_command.home.rglob("*") if path.is_socket()] == []
