"""Runs the farm on a cluster and kills a worker, a node and the driver, each once.

The same steps are done on nodes that are processes and on nodes that are containers; both kinds of cluster
implement `Machines`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from manifests.ledger.entry import Status, done_game_ids, read_entry
from manifests.store.open import open_store
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE_SECONDS = 600.0


class Machines(Protocol):
    """A cluster of a head and three nodes, each node with one slot."""

    def start_driver(self) -> subprocess.Popen[str]:
        """Run `farm.launch` on the head; its output is a pipe."""

    def kill_driver(self, driver: subprocess.Popen[str]) -> None:
        """Kill the driver with SIGKILL."""

    def kill_worker(self) -> None:
        """Kill the process of one slot that is rendering, with SIGKILL."""

    def kill_node(self) -> None:
        """Kill one node with all its processes, without notice."""

    def add_node(self) -> None:
        """Add another node with one slot."""

    def emulators(self) -> list[int]:
        """Process ids of the Dolphins that run."""

    def scratch_files(self) -> list[str]:
        """The files in scratch folders."""


@dataclass(frozen=True)
class Told:
    """The result of the run."""

    done_before_restart: int
    committed_after: int
    seconds: float
    output: str

    def __str__(self) -> str:
        counts = f"{self.done_before_restart} done before, {self.committed_after} after; {self.seconds:.0f} s"
        return f"{self.output}\n{counts}"


def record_games(folder: Path, num_games: int, num_frames: int) -> None:
    folder.mkdir()
    for seed in range(num_games):
        (folder / f"recorded-{seed}.slp").write_bytes(record_match(seed, num_frames=num_frames))


def until(holds: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Poll until it is so; other processes do the work, so there is nothing else to wait on."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.1)


def num_done(dataset: Path) -> int:
    return len(list((dataset / "ledger").glob("*.json"))) if (dataset / "ledger").is_dir() else 0


def wait_for_games(dataset: Path, number: float, driver: subprocess.Popen[str]) -> None:
    until(lambda: num_done(dataset) >= number or driver.poll() is not None, f"{number:.0f} games are done")
    assert driver.poll() is None, driver.communicate()[0]


def disturbed_run(machines: Machines, dataset: Path, num_games: int) -> Told:
    """Kill one thing after another as the ledger grows, start the driver again, and wait for the end."""
    started = time.monotonic()
    driver = machines.start_driver()
    try:
        disturbances = ((0.1, machines.kill_worker), (0.3, machines.kill_node), (0.35, machines.add_node))
        for share, disturb in disturbances:
            wait_for_games(dataset, share * num_games, driver)
            disturb()
        wait_for_games(dataset, 0.55 * num_games, driver)
    finally:
        machines.kill_driver(driver)
    before, _ = driver.communicate(timeout=240)
    until(lambda: not machines.emulators(), "the driver's emulators are gone", 120)
    assert num_done(dataset) < num_games, "it was over before it was killed"
    again = machines.start_driver()
    try:
        after, _ = again.communicate(timeout=PATIENCE_SECONDS)
    finally:
        machines.kill_driver(again)
    assert again.returncode == 0, after
    [before_restart] = re.findall(r"; (\d+) games done before", after)
    [committed] = re.findall(
        rf"^{num_games} of {num_games} replays committed to .*, (\d+) games in", after, re.MULTILINE
    )
    assert machines.emulators() == []
    assert machines.scratch_files() == []
    output = f"{before}\n--- the driver was killed with -9 and started again ---\n{after}"
    return Told(int(before_restart), int(committed), time.monotonic() - started, output)


def assert_nothing_lost_nothing_twice(told: Told, dataset: Path, num_games: int) -> None:
    store = open_store(str(dataset))
    entries = [read_entry(store, game_id) for game_id in done_game_ids(store)]
    assert Counter(entry.status for entry in entries if entry) == {Status.COMMITTED: num_games}
    assert told.done_before_restart + told.committed_after == num_games
    assert "done by another run" not in told.output
    assert "worker_died: " in told.output
    assert "(raylet)" not in told.output  # Ray's own paragraphs about it
    command = [sys.executable, "-c", "from farm.cli import main; main()", "audit", str(dataset)]
    options = ["--depth", "structure", "--json"]
    audit = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    report = json.loads(audit.stdout)
    assert (report["holds"], report["num_games"], report["num_pending"]) == (True, num_games, 0)
    assert report["orphans"] == []
