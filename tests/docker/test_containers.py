"""Tests a cluster of containers of our image: a head and three nodes with addresses of their own.

These tests are slow and need root, so they run only where they are asked for. With podman, and a Debian base
image imported as in `docker/README.md`:

    FARM_CONTAINERS=1 FARM_CLUSTER_GAMES=60 FARM_CLUSTER_FRAMES=300 pytest -s tests/docker/test_containers.py

`FARM_IMAGE` names an image that is built already; `FARM_BUILD_OPTIONS` go to `podman build`.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROJECT_ROOT
from tests.end_to_end.disturbed import (
    assert_nothing_lost_nothing_twice,
    disturbed_run,
    record_games,
    until,
)

pytestmark = [pytest.mark.ray, pytest.mark.dolphin, pytest.mark.slow, pytest.mark.timeout(3000)]

NUM_GAMES = int(os.environ.get("FARM_CLUSTER_GAMES", "9"))
NUM_FRAMES = int(os.environ.get("FARM_CLUSTER_FRAMES", "60"))
# crun does not run on hybrid control groups; podman's default limits may be above what this machine allows.
PODMAN = ("podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs")
LIMITS = ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=20000:20000")


def podman(*arguments: str, seconds: float = 120) -> str:
    done = subprocess.run([*PODMAN, *arguments], capture_output=True, text=True, timeout=seconds, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image() -> str:
    if not os.environ.get("FARM_CONTAINERS"):
        pytest.skip("builds an image and runs containers: set FARM_CONTAINERS=1")
    if shutil.which("podman") is None:
        pytest.skip("no podman here")
    if built := os.environ.get("FARM_IMAGE"):
        return built
    name = "localhost/dolphin-farm:test"
    options = os.environ.get("FARM_BUILD_OPTIONS", "").split()
    fixed = ("--isolation=chroot", "--pull=never", "--network=host", "-f", "docker/worker.Dockerfile")
    podman("build", *fixed, *options, "-t", name, str(PROJECT_ROOT), seconds=2400)
    return name


class Containers:
    """`Machines` that are containers on a bridge network, each with its own address, processes and memory."""

    def __init__(self, image: str, replays: Path, dataset: Path) -> None:
        self._image, self._replays, self._dataset = image, replays, dataset
        self._prefix = f"farm-test-{secrets.token_hex(4)}"
        self._token = secrets.token_hex(32)
        self._workers: list[str] = []
        self._numbers = itertools.count()
        self._head = self._head_address = ""

    def start(self) -> None:
        self._head = self._start("head", "head")
        address = podman("inspect", "--format", "{{.NetworkSettings.Networks.podman.IPAddress}}", self._head)
        self._head_address = f"{address}:6379"
        until(self._is_up, "the head is up", 90)
        for _ in range(3):
            self.add_node()

    def _start(self, name: str, role: str, *options: str) -> str:
        name = f"{self._prefix}-{name}"
        mounts = ("--volume", f"{self._replays}:/replays:ro", "--volume", f"{self._dataset}:/dataset")
        token = ("--env", f"RAY_AUTH_TOKEN={self._token}", "--network=podman", "--shm-size=1g")
        podman("run", "--detach", "--name", name, *LIMITS, *mounts, *token, *options, self._image, role)
        return name

    def _is_up(self) -> bool:
        command = [*PODMAN, "exec", self._head, "ray", "status"]
        return subprocess.run(command, capture_output=True, timeout=240, check=False).returncode == 0

    def add_node(self) -> None:
        options = ("--env", f"FARM_HEAD={self._head_address}", "--env", "FARM_SLOTS_PER_NODE=1")
        self._workers.append(self._start(f"worker-{next(self._numbers)}", "worker", *options))

    def start_driver(self) -> subprocess.Popen[str]:
        launch = (
            "python",
            "-m",
            "farm.launch",
            "--emulator",
            "standin",
            "--replays",
            "/replays",
            "--out",
            "/dataset",
        )
        return subprocess.Popen(
            [*PODMAN, "exec", self._head, *launch, "--log-seconds", "5"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kill_driver(self, driver: subprocess.Popen[str]) -> None:
        for pid in self._running(self._head, "farm.launch"):
            os.kill(pid, signal.SIGKILL)
        driver.kill()

    def kill_worker(self) -> None:
        until(self.emulators, "somebody renders")
        stat = Path("/proc") / str(self.emulators()[0]) / "stat"
        os.kill(int(stat.read_text().rsplit(")", 1)[1].split()[1]), signal.SIGKILL)

    def kill_node(self) -> None:
        podman("kill", "--signal", "KILL", self._workers.pop(0))

    def emulators(self) -> list[int]:
        return [pid for worker in self._workers for pid in self._running(worker, "dolphin-emu")]

    def scratch_files(self) -> list[str]:
        find = ("find", "/dev/shm", "/tmp", "-path", "*/dolphin-farm-*/*")
        return [line for name in self._workers for line in podman("exec", name, *find).splitlines()]

    def zombies(self) -> list[str]:
        names = [self._head, *self._workers]
        return [
            line
            for name in names
            for line in podman("top", name, "state", "args").splitlines()
            if line[0] == "Z"
        ]

    def _running(self, name: str, program: str) -> list[int]:
        """The process ids that a container's processes have on this machine."""
        lines = (line.split(maxsplit=1) for line in podman("top", name, "hpid", "args").splitlines()[1:])
        found = [pid for pid, line in lines if program in line and "podman" not in line]
        return [int(pid) for pid in found if pid != "?"]  # podman's id of one that just ended

    def end(self) -> None:
        names = podman("ps", "--all", "--format", "{{.Names}}", "--filter", f"name={self._prefix}").split()
        for name in names:
            podman("rm", "--force", "--time", "0", name)


@pytest.fixture
def containers(image: str, tmp_path: Path) -> Iterator[Containers]:
    replays, dataset = tmp_path / "replays", tmp_path / "dataset"
    record_games(replays, NUM_GAMES, NUM_FRAMES)
    dataset.mkdir()
    dataset.chmod(0o777)  # the image's user is another than ours
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    containers = Containers(image, replays, dataset)
    try:
        containers.start()
        yield containers
    finally:
        containers.end()


def test_nothing_is_lost_done_twice_or_left_behind(containers: Containers, tmp_path: Path):
    told = disturbed_run(containers, tmp_path / "dataset", NUM_GAMES)
    sys.stdout.write(f"{told}\n")
    assert_nothing_lost_nothing_twice(told, tmp_path / "dataset", NUM_GAMES)
    assert containers.zombies() == []
