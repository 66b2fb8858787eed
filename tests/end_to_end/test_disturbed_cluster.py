"""A cluster of three nodes on this machine renders while its workers, a node and its driver are killed.

`FARM_CLUSTER_GAMES=60 FARM_CLUSTER_FRAMES=300 pytest -s tests/end_to_end/test_disturbed_cluster.py` is a
longer run, which shows what was printed.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from manifests.ledger.entry import done_game_ids, read_entry
from manifests.store.open import open_store
from tests.end_to_end.command import TOKEN, FarmCommand
from tests.end_to_end.disturbed import (
    PATIENCE_SECONDS,
    Told,
    assert_nothing_lost_nothing_twice,
    disturbed_run,
    record_games,
    until,
)
from tests.live_folders import paths_below
from tests.ray_cluster import node, started_cluster

pytestmark = [pytest.mark.ray, pytest.mark.dolphin, pytest.mark.slow, pytest.mark.timeout(1800)]

NUM_GAMES = int(os.environ.get("FARM_CLUSTER_GAMES", "9"))
NUM_FRAMES = int(os.environ.get("FARM_CLUSTER_FRAMES", "60"))
NUM_COMPARED = int(os.environ.get("FARM_PARITY_GAMES", "2"))  # how many `farm render` makes, too, to compare


class Processes:
    """`Machines` that are processes of this machine."""

    def __init__(self, cluster: Any, command: FarmCommand, replays: Path, dataset: Path) -> None:
        self._cluster, self._command = cluster, command
        self._arguments = ["--emulator", "standin", "--replays", str(replays), "--out", str(dataset)]
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
        return list(map(str, paths_below(self._command.home / "scratch")))


def parent(pid: int) -> int:
    return int((Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[1])


@dataclass(frozen=True)
class Disturbed:
    """The result of the run, and what is left of it when the cluster is gone."""

    told: Told
    command: FarmCommand
    replays: Path
    dataset: Path


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disturbed]:
    """Make the disturbed run, with its home folder in memory; the nodes carry the command's mark, too."""
    folder = tmp_path_factory.mktemp("disturbed")
    replays, dataset = folder / "replays", folder / "dataset"
    record_games(replays, NUM_GAMES, NUM_FRAMES)
    with tempfile.TemporaryDirectory(prefix="farm-cluster-test-", dir="/dev/shm") as home:
        command = FarmCommand(Path(home), mark=uuid.uuid4().hex)
        os.environ[TOKEN] = command.mark
        try:
            with started_cluster(num_nodes=3, slots_each=1) as cluster:
                told = disturbed_run(Processes(cluster, command, replays, dataset), dataset, NUM_GAMES)
            sys.stdout.write(f"{told}\n")
            yield Disturbed(told, command, replays, dataset)
        finally:
            del os.environ[TOKEN]


def test_nothing_is_lost_and_nothing_done_twice(disturbed: Disturbed):
    assert_nothing_lost_nothing_twice(disturbed.told, disturbed.dataset, NUM_GAMES)


def test_nothing_is_left_behind(disturbed: Disturbed):
    ours = {os.getpid()}
    until(lambda: set(disturbed.command.descendants()) <= ours, "every process of the cluster is gone", 120)
    assert [path for path in paths_below(disturbed.command.home) if path.is_socket()] == []
    assert paths_below(disturbed.command.home / "scratch") == []


def test_what_it_made_is_to_the_byte_what_a_laptop_makes(disturbed: Disturbed, tmp_path: Path):
    some = sorted(disturbed.replays.iterdir())[:NUM_COMPARED]
    sources = [argument for replay in some for argument in ("--replays", replay)]
    on_cluster = products(disturbed.dataset)
    for num_slots in (1, 2):
        dataset = tmp_path / f"by {num_slots}"
        arguments = ("render", "--emulator", "standin", *sources, "--out", dataset, "--slots", str(num_slots))
        run = disturbed.command.run(*arguments, seconds=PATIENCE_SECONDS)
        assert run.returncode == 0, run.stderr
        made = products(dataset)
        assert len(made) == NUM_COMPARED
        assert made == {game_id: on_cluster[game_id] for game_id in made}


def products(dataset: Path) -> dict[str, list[str]]:
    """The hash of each game's state, and those of its files, computed from the files."""
    store = open_store(str(dataset))
    made = {}
    for game_id in done_game_ids(store):
        entry = read_entry(store, game_id)
        assert entry is not None
        keys = [ref.key for chunk in entry.chunks for ref in (chunk.video, chunk.states)]
        files = [hashlib.sha256((dataset / key).read_bytes()).hexdigest() for key in keys]
        made[game_id] = [str(entry.state_sha256), *files]
    return made
