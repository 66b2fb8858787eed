"""A farm for chaos tests: three Ray nodes, a real S3 server behind the fault proxy, short recorded games."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manifests.ledger.entry import done_game_ids
from manifests.store.open import open_store
from tests.chaos.clock import Clock
from tests.chaos.s3_process import S3Process
from tests.end_to_end.command import TOKEN, FarmCommand
from tests.end_to_end.disturbed import record_games, until
from tests.end_to_end.test_disturbed_cluster import parent
from tests.live_folders import paths_below
from tests.ray_cluster import node, started_cluster
from tests.s3_server.fault_proxy import FaultProxy
from tests.s3_server.fixtures import new_bucket
from tests.s3_server.server import ACCESS

if TYPE_CHECKING:
    from typing import Self

SCRATCH_BYTES = 512 << 20
HEADLESS_SECONDS = 240.0
"""How long a run may go on without a head: after 40 s of silence, its slots and emulators have to end. A run
that is just joining gives up after 120 s."""


class ChaosFarm:
    """Starts the farm, as a context manager; every process it started is gone when the block ends.

    Args:
        num_games: number of recorded games.
        num_frames: length of each, in frames.
        emulator: standin or slippi. Slippi's Dolphin, which SLIPPI_DOLPHIN names, plays our own game, too.
    """

    def __init__(self, num_games: int, num_frames: int, emulator: str = "standin") -> None:
        self._stack, self._cluster_stack = ExitStack(), ExitStack()
        self._num_games, self._num_frames = num_games, num_frames
        self._emulator = [
            "--emulator",
            emulator,
            *(["--game-image", "standin"] if emulator == "slippi" else []),
        ]
        self._drivers: list[subprocess.Popen[bytes]] = []
        self._logs: list[Path] = []
        self.has_small_scratch = False

    def __enter__(self) -> Self:
        enter = self._stack.enter_context
        home = Path(enter(tempfile.TemporaryDirectory(prefix="farm-chaos-", dir="/dev/shm")))
        disk = Path(enter(tempfile.TemporaryDirectory(prefix="farm-chaos-")))
        self.command = FarmCommand(home, mark=uuid.uuid4().hex)
        self.scratch = self._small_folder(home) / "scratch"
        self.replays = disk / "replays"
        record_games(self.replays, self._num_games, self._num_frames)
        self.s3 = enter(S3Process(disk / "s3"))
        self.proxy = enter(FaultProxy(self.s3.port))
        self.clock = Clock(disk)
        for name, value in {
            **ACCESS,
            **self.clock.environment,
            "AWS_ENDPOINT_URL_S3": self.proxy.url,
            TOKEN: self.command.mark,
        }.items():
            before = os.environ.get(name)
            os.environ[name] = value
            self._stack.callback(_restore, name, before)
        self.url = new_bucket(self.proxy.url)
        self.store = open_store(self.url)
        self._start_cluster()
        self._stack.callback(self._cluster_stack.close)
        self._stack.callback(self._end_drivers)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start_cluster(self) -> None:
        self._cluster = self._cluster_stack.enter_context(started_cluster(num_nodes=3, slots_each=1))

    def _small_folder(self, home: Path) -> Path:
        """Mount a small file system for scratch, so that a test can fill it; without root, a plain folder."""
        folder = home / "small"
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SCRATCH_BYTES}", "tmpfs", str(folder)]
        if os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            self.has_small_scratch = True
            self._stack.callback(subprocess.run, ["umount", "-l", str(folder)], check=False)
        return folder

    def start_driver(self) -> subprocess.Popen[bytes]:
        log = self.command.home / f"driver-{len(self._drivers)}.log"
        arguments = [
            *self._emulator,
            "--replays",
            str(self.replays),
            "--out",
            self.url,
            "--log-seconds",
            "5",
        ]
        arguments += ["--scratch", str(self.scratch), "--address", self._cluster.address]
        with log.open("wb") as output:
            driver = subprocess.Popen(
                [sys.executable, "-m", "farm.launch", *arguments],
                env=self.command.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        self._drivers.append(driver)
        self._logs.append(log)
        return driver

    def kill_driver(self, number: signal.Signals) -> bool:
        for driver in self.running():
            driver.send_signal(number)
            driver.wait(60)
            return True
        return False

    def running(self) -> list[subprocess.Popen[bytes]]:
        return [driver for driver in self._drivers if driver.poll() is None]

    def left_in_temporary_folder(self) -> list[str]:
        """What drivers left in the temporary folder, except folders that stay because others share them."""
        return [str(path) for path in paths_below(self.command.home / "tmp") if not path.is_dir()]

    def last_words(self) -> str:
        return "\n".join(
            f"--- driver {number}, status {driver.returncode}\n{log.read_text(errors='replace')[-3000:]}"
            for number, (driver, log) in enumerate(zip(self._drivers, self._logs, strict=True))
        )

    def last_status(self) -> int | None:
        return self._drivers[-1].returncode

    def _end_drivers(self) -> None:
        for driver in self._drivers:
            driver.kill()
            driver.wait(30)

    def num_done(self) -> int:
        return sum(1 for _ in done_game_ids(self.store))

    def emulators(self) -> list[int]:
        return self.command.descendants("dolphin-emu")

    def slots(self) -> list[int]:
        found = []
        for pid in self.emulators():
            try:
                found.append(parent(pid))
            except OSError:
                continue
        return found

    def drivers(self) -> list[int]:
        return [driver.pid for driver in self.running()]

    def head(self) -> list[int]:
        return [self._cluster.head_node.all_processes["gcs_server"][0].process.pid]

    def kill_head(self) -> None:
        """Kill the head, wait until all on its cluster has ended by itself, and start another cluster."""
        os.kill(self.head()[0], signal.SIGKILL)
        until(lambda: not self.running(), "a run ends by itself when its head is gone", HEADLESS_SECONDS)
        until(lambda: not self.emulators(), "its slots end by themselves", HEADLESS_SECONDS)
        self._cluster_stack.close()
        self._start_cluster()

    def kill_node(self, chance: random.Random) -> None:
        nodes = sorted(self._cluster.worker_nodes, key=str)
        self._cluster.remove_node(chance.choice(nodes), allow_graceful=False)
        self._cluster.add_node(wait=False, **node(1))

    def drain_node(self, chance: random.Random) -> None:
        """Tell the head that a node is about to be taken back, as a cloud's notice does; then add another."""
        chosen = chance.choice(sorted(self._cluster.worker_nodes, key=str))
        code = (
            "import sys\n"
            "from ray._raylet import GcsClient\n"
            "from ray.core.generated.autoscaler_pb2 import DRAIN_NODE_REASON_PREEMPTION as reason\n"
            "import time\n"
            "client = GcsClient(address=sys.argv[1])\n"
            "client.drain_node(sys.argv[2], reason, 'chaos', int(time.time() * 1000) + 5000)\n"
        )
        command = [sys.executable, "-W", "ignore", "-c", code, self._cluster.address, chosen.node_id]
        subprocess.run(command, capture_output=True, timeout=240, check=False)
        self._cluster.add_node(wait=False, **node(1))

    def processes(self) -> set[int]:
        """All processes that carry the farm's mark, except this process and its servers."""
        return set(self.command.descendants()) - {os.getpid()}

    @property
    def cluster(self) -> Any:
        return self._cluster


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
