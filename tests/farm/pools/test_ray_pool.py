"""The Ray pool: nodes that join, are lost or drained, and workers that leave nothing however they end."""

from __future__ import annotations

import dataclasses
import http.server
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from null_cloud import METADATA, notice_here
from null_processes import command_lines, sleeping, wait_for
from null_renderer import NUM_CHILDREN, NullSettings, NullTask, give_up, render_nothing

from farm.engine.loop import Summary, run
from farm.engine.pool import Breakage
from farm.engine.run_counts import RunCounts
from farm.engine.stopping import Stop, StopSignals
from tests.ray_cluster import node, started_cluster

pytestmark = [pytest.mark.ray, pytest.mark.slow]

DOUBLES = Path(__file__).parents[1] / "doubles"
NODE = node(2)
CHILDREN = (f"3599.{number:04}" for number in range(100, 10000))


@pytest.fixture
def settings(tmp_path: Path) -> NullSettings:
    (tmp_path / "ledger").mkdir()
    return NullSettings(tmp_path / "ledger", tmp_path / "scratch", children=next(CHILDREN))


@pytest.fixture
def gated(settings: NullSettings, tmp_path: Path) -> NullSettings:
    """The same settings with a gate, at which every game waits until it is opened."""
    return dataclasses.replace(settings, gate=tmp_path / "gate")


def go(settings: NullSettings, tasks: list[NullTask], **options: Any) -> Summary:
    from farm.pools.ray_pool import RayPool  # noqa: PLC0415 - only where Ray is

    ours = ("num_slots", "watch_notice", "recycle_seconds")
    pool_options = {name: options.pop(name) for name in ours if name in options}
    with RayPool(render_nothing, settings, **pool_options) as pool:
        return run(tasks, pool, **{"give_up": give_up, "stop": StopSignals()} | options)


def games(number: int, **options: Any) -> list[NullTask]:
    return [NullTask(f"game-{index:04}", **options) for index in range(number)]


def done(settings: NullSettings) -> int:
    assert settings.ledger is not None
    return len(list(settings.ledger.iterdir()))


class Once:
    """Calls a function once, the first time that the counts of the run satisfy a condition."""

    def __init__(self, looks_right: Callable[[RunCounts], bool], call: Callable[[], object]) -> None:
        self._looks_right, self._call = looks_right, call
        self.happened = False

    def __call__(self, counts: RunCounts) -> None:
        if not self.happened and self._looks_right(counts):
            self.happened = True
            self._call()


def opening(gated: NullSettings, call: Callable[[], object]) -> Callable[[], None]:
    """Make a function that calls the given one and then opens the gate at which all games wait."""

    def call_and_open() -> None:
        call()
        assert gated.gate is not None
        gated.gate.touch()

    return call_and_open


def test_a_node_that_joins_later_gets_work_while_the_others_are_busy(ray_cluster: Any, gated: NullSettings):
    added: list[Any] = []
    join = Once(lambda counts: counts.running == 6, lambda: added.append(ray_cluster.add_node(**NODE)))
    at_work = Once(all_four_are_busy, opening(gated, lambda: None))

    def on_counts(counts: RunCounts) -> None:
        join(counts)
        at_work(counts)

    try:
        summary = go(gated, games(16), on_counts=on_counts)
    finally:
        ray_cluster.remove_node(added[0])
    assert at_work.happened
    assert summary.counts.committed == done(gated) == 16


def test_slots_are_replaced_after_so_long(ray_cluster: Any, settings: NullSettings):
    seen: list[Any] = []
    go(settings, games(3), num_slots=1, recycle_seconds=1e-6, on_result=seen.append)
    assert len({result.pid for result in seen}) == len(seen) == 3


def drain(cluster: Any, node: Any, seconds: int) -> None:
    """Drain a node as an autoscaler does when the cloud takes a machine back."""
    command = [str(Path(sys.executable).with_name("ray")), "drain-node", "--address", cluster.address]
    command += ["--node-id", node.node_id, "--reason", "DRAIN_NODE_REASON_PREEMPTION"]
    command += ["--reason-message", "test", "--deadline-remaining-seconds", str(seconds)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)


def all_four_are_busy(counts: RunCounts) -> bool:
    return counts.num_nodes == 4 and counts.running == 8


def test_a_drained_node_finishes_what_it_has_and_gets_nothing_new(ray_cluster: Any, gated: NullSettings):
    leaving = ray_cluster.add_node(**NODE)
    begin = Once(all_four_are_busy, opening(gated, lambda: drain(ray_cluster, leaving, 300)))
    nodes_afterwards = []

    def on_counts(counts: RunCounts) -> None:
        begin(counts)
        if begin.happened:
            nodes_afterwards.append(counts.num_nodes)

    try:
        summary = go(gated, games(24, seconds=2.0), on_counts=on_counts)
    finally:
        ray_cluster.remove_node(leaving)
    assert summary.counts.committed == done(gated) == 24
    assert summary.counts.retries == {}
    assert nodes_afterwards[-1] <= 3


def test_what_would_not_finish_before_its_machine_goes_is_given_back(ray_cluster: Any, gated: NullSettings):
    leaving = ray_cluster.add_node(**NODE)
    begin = Once(all_four_are_busy, lambda: drain(ray_cluster, leaving, 11))
    # No game ends before the node's games are given back, however late the notice comes; and each goes on for
    # some seconds, within which the workers that lost theirs are dead.
    given_back = Once(lambda counts: bool(counts.retries), opening(gated, lambda: None))

    def on_counts(counts: RunCounts) -> None:
        begin(counts)
        given_back(counts)

    try:
        summary = go(gated, games(8, seconds=6.0), on_counts=on_counts)
    finally:
        ray_cluster.remove_node(leaving)
    assert summary.counts.committed == done(gated) == 8
    assert summary.counts.retries == {Breakage.GIVEN_BACK: 2}


@pytest.fixture
def stoppable_node(ray_cluster: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a node of two slots as a container or pod does: by `ray start --block`, which gets SIGTERM."""
    ray = str(Path(sys.executable).with_name("ray"))
    command = [
        ray,
        "start",
        "--block",
        "--address",
        ray_cluster.address,
        "--num-cpus",
        "0",
        "--disable-usage-stats",
    ]
    command += ["--resources", '{"dolphin": 2}', "--object-store-memory", str(NODE["object_store_memory"])]
    environment = {**os.environ, "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "60"}
    import ray as cluster  # noqa: PLC0415 - only where Ray is

    before = sum(node["Alive"] for node in cluster.nodes())
    node = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: sum(node["Alive"] for node in cluster.nodes()) > before, 240.0)
        yield node
    finally:
        node.kill()
        node.wait()


def test_a_node_told_to_stop_finishes_what_it_has_and_ends(
    ray_cluster: Any, gated: NullSettings, stoppable_node: subprocess.Popen[bytes]
):
    told = Once(all_four_are_busy, opening(gated, stoppable_node.terminate))
    summary = go(gated, games(24, seconds=2.0), on_counts=told)
    assert told.happened
    assert summary.counts.committed == done(gated) == 24
    assert summary.counts.retries == {}
    stoppable_node.wait(120)


class MetadataService(http.server.BaseHTTPRequestHandler):
    """A metadata service like the cloud's: gives out a token, then answers 404 until there is a notice."""

    notice: bytes | None = None
    is_told = False  # set once a node has got the notice

    def do_PUT(self) -> None:
        self._answer(b"token")

    def do_GET(self) -> None:
        assert self.headers["X-aws-ec2-metadata-token"] == "token"
        if self.notice is None:
            self.send_error(404)
        else:
            self._answer(self.notice)
            MetadataService.is_told = True

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base's name
        """Log nothing."""


@pytest.fixture
def metadata_url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), MetadataService)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()
    MetadataService.notice, MetadataService.is_told = None, False


def test_the_clouds_notice_drains_the_node_it_was_given_to(
    ray_cluster: Any, gated: NullSettings, metadata_url: str
):
    leaving = ray_cluster.add_node(**NODE, env_vars={METADATA: metadata_url})

    def give_notice() -> None:
        goes_at = datetime.fromtimestamp(time.time() + 300, UTC).isoformat()
        MetadataService.notice = f'{{"action": "terminate", "time": "{goes_at}"}}'.encode()

    notice = Once(all_four_are_busy, give_notice)
    # No game ends before the node has got its notice, however slowly it asks.
    told = Once(lambda _: MetadataService.is_told, opening(gated, lambda: None))
    nodes_afterwards = []

    def on_counts(counts: RunCounts) -> None:
        notice(counts)
        told(counts)
        if told.happened:
            nodes_afterwards.append(counts.num_nodes)

    try:
        summary = go(gated, games(60, seconds=1.0), on_counts=on_counts, watch_notice=notice_here)
    finally:
        ray_cluster.remove_node(leaving)
    assert summary.counts.committed == done(gated) == 60
    assert summary.counts.retries == {}
    assert 3 in nodes_afterwards
    assert set(nodes_afterwards[nodes_afterwards.index(3) :]) <= {1, 2, 3}  # and it was not added again


def have_children(settings: NullSettings, counts: RunCounts, slots: int) -> bool:
    """Whether all slots run a game, and every game has started its children."""
    return counts.running == slots and len(sleeping(settings.children)) == NUM_CHILDREN * slots


def worker_of(child: int) -> int:
    return int((Path("/proc") / str(child) / "stat").read_text().rsplit(")", 1)[1].split()[1])


def test_workers_that_are_signalled_take_their_children_along(ray_cluster: Any, gated: NullSettings):
    killed: set[int] = set()

    def kill_two() -> None:
        workers = sorted({worker_of(child) for child in sleeping(gated.children)})
        killed.update(child for child in sleeping(gated.children) if worker_of(child) in workers[:2])
        assert len(killed) == 6
        os.kill(workers[0], signal.SIGKILL)
        os.kill(workers[1], signal.SIGTERM)
        wait_for(lambda: not killed & sleeping(gated.children), 60.0)

    kill = Once(lambda counts: have_children(gated, counts, 6), opening(gated, kill_two))
    summary = go(gated, games(8, seconds=1.0), on_counts=kill)
    assert kill.happened
    assert summary.counts.committed == done(gated) == 8
    assert summary.counts.retries == {Breakage.WORKER_DIED: 2}
    assert not sleeping(gated.children)


def test_stopping_now_ends_every_child_and_empties_every_scratch(ray_cluster: Any, settings: NullSettings):
    stop = StopSignals()

    def stop_now() -> None:
        stop.request = Stop.NOW

    begin = Once(lambda counts: have_children(settings, counts, 6), stop_now)
    summary = go(settings, games(12, seconds=600.0), on_counts=begin, stop=stop)
    assert summary.was_stopped
    wait_for(lambda: not sleeping(settings.children), 60.0)
    assert settings.scratch_base is not None
    assert list(settings.scratch_base.glob("*")) == []


@pytest.fixture
def start_driver(
    ray_cluster: Any, settings: NullSettings
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started = []

    def start(
        seconds: float, num_games: int, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        folders = [str(settings.ledger), str(settings.scratch_base)]
        command = [sys.executable, str(DOUBLES / "null_run.py"), "ray", *folders]
        process = subprocess.Popen(
            [*command, str(seconds), settings.children, str(num_games)],
            env={**os.environ, "RAY_ADDRESS": ray_cluster.address} | (environment or {}),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_driver_killed_with_9_leaves_no_child_and_a_rerun_does_the_rest_once(
    start_driver: Callable[..., subprocess.Popen[bytes]], settings: NullSettings
):
    driver = start_driver(2.0, 18)
    wait_for(lambda: done(settings) >= 6, 300.0)
    driver.kill()
    driver.wait()
    wait_for(lambda: not sleeping(settings.children), 60.0)
    before = done(settings)
    assert before < 18
    assert start_driver(0.1, 18).wait(300) == 0
    assert done(settings) == 18
    assert settings.scratch_base is not None
    assert list(settings.scratch_base.glob("*")) == []  # removed by the second run


def test_a_node_lost_leaves_no_child_loses_no_game_and_blames_none(ray_cluster: Any, gated: NullSettings):
    doomed = ray_cluster.add_node(**NODE)
    lost: set[int] = set()

    def kill_raylet() -> None:
        raylet = doomed.all_processes["raylet"][0].process.pid
        mine = {pid for pid in command_lines() if is_below(pid, raylet)}
        lost.update(mine & sleeping(gated.children))
        assert len(lost) == 6
        os.kill(raylet, signal.SIGKILL)
        wait_for(lambda: not lost & sleeping(gated.children), 120.0)

    kill = Once(lambda counts: have_children(gated, counts, 8), opening(gated, kill_raylet))
    summary = go(gated, games(10, seconds=6.0), on_counts=kill)
    assert kill.happened
    # The node's workers outlive it by some seconds: a game that they finish is found done, not done again.
    assert summary.counts.committed + summary.counts.already_done == done(gated) == 10
    assert summary.counts.retries == {Breakage.NODE_LOST: 2}
    assert not sleeping(gated.children)
    ray_cluster.remove_node(doomed, allow_graceful=False)


def is_below(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = worker_of(pid)
        except OSError:
            return False
    return False


def test_slots_that_have_no_place_yet_are_what_an_autoscaler_is_asked_for(
    ray_cluster: Any, settings: NullSettings
):
    from ray.autoscaler.v2.sdk import get_cluster_status  # noqa: PLC0415 - only where Ray is

    wanted: list[int] = []

    def ask() -> None:
        def is_asked_for() -> bool:
            demand = get_cluster_status(ray_cluster.address).resource_demands.ray_task_actor_demand
            counts = [
                each.count for one in demand for each in one.bundles_by_count if "dolphin" in each.bundle
            ]
            wanted.append(sum(counts))
            return wanted[-1] == 4

        wait_for(is_asked_for, 120.0)

    look = Once(lambda counts: counts.running >= 1, ask)
    summary = go(settings, games(12, seconds=2.0), on_counts=look, num_slots=10)
    assert look.happened
    assert summary.counts.committed == 12


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_head_that_is_lost_ends_the_run_with_2_leaves_nothing_and_another_does_the_rest(
    ray_cluster: Any,
    settings: NullSettings,
    start_driver: Callable[..., subprocess.Popen[bytes]],
    how: signal.Signals,
    capfd: pytest.CaptureFixture[str],
):
    assert settings.ledger is not None
    assert settings.scratch_base is not None
    with started_cluster(num_nodes=1, slots_each=2) as doomed:
        driver = start_driver(2.0, 40, {"RAY_ADDRESS": doomed.address, "NULL_HEAD_LOST_SECONDS": "4"})
        wait_for(lambda: done(settings) >= 2, 240.0)
        head = doomed.head_node.all_processes["gcs_server"][0].process
        head.send_signal(how)
        try:
            assert driver.wait(240) == 2
            wait_for(lambda: not sleeping(settings.children), 120.0)
        finally:
            head.send_signal(signal.SIGCONT)
    told = capfd.readouterr().err
    assert "has not answered" in told
    assert "run the same command" in told
    assert "Traceback" not in told
    assert list(settings.scratch_base.glob("*")) == []
    before = {entry.name: entry.read_text() for entry in settings.ledger.iterdir()}
    assert 2 <= len(before) < 40
    assert start_driver(0.0, 40).wait(300) == 0
    assert done(settings) == 40
    assert before.items() <= {entry.name: entry.read_text() for entry in settings.ledger.iterdir()}.items()


def test_ctrl_c_lets_games_finish_and_a_second_one_does_not(settings: NullSettings):
    folders = [str(settings.ledger), str(settings.scratch_base)]
    for num_signals, seconds, num_finished in ((1, "6", 2), (2, "600", 0)):
        command = [sys.executable, str(DOUBLES / "null_run.py"), "own-ray", *folders, seconds]
        environment = {**os.environ, "RAY_AUTH_MODE": "token"}
        run = subprocess.Popen([*command, settings.children, "8"], env=environment, process_group=0)
        try:
            wait_for(lambda: len(sleeping(settings.children)) == 6, 240.0)
            before = done(settings)  # some games, where one slot started long before the other
            for _ in range(num_signals):
                os.killpg(run.pid, signal.SIGINT)  # to the whole process group, as a terminal sends it
                time.sleep(0.6)  # two signals of one kind, sent at once, would be merged into one
            assert run.wait(240) == 2
        finally:
            run.kill()
            run.wait()
        wait_for(lambda: not sleeping(settings.children), 60.0)
        assert done(settings) == before + num_finished
        assert settings.scratch_base is not None
        assert list(settings.scratch_base.glob("*")) == []


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path, for sockets, whose paths have a limit."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_a_cluster_of_ones_own_whose_machine_is_lost_ends_the_run_and_leaves_nothing(
    settings: NullSettings, capfd: pytest.CaptureFixture[str], short_folder: Path
):
    folders = [str(settings.ledger), str(settings.scratch_base)]
    command = [sys.executable, str(DOUBLES / "null_run.py"), "own-ray", *folders, "1"]
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "TMPDIR": str(short_folder)}
    run = subprocess.Popen([*command, settings.children, "60"], env=environment)
    try:
        wait_for(lambda: done(settings) >= 2, 240.0)
        [raylet] = [pid for pid in descendants(run.pid) if program(pid) == "raylet"]
        os.kill(raylet, signal.SIGKILL)
        assert run.wait(240) == 2
    finally:
        run.kill()
        run.wait()
    told = capfd.readouterr().err
    assert "has ended under it" in told
    assert "run the same command again" in told
    wait_for(lambda: not sleeping(settings.children), 120.0)
    assert list(short_folder.glob("pymp-*")) == []


def program(pid: int) -> str:
    return Path(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()).name


def descendants(pid: int) -> list[int]:
    children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(below for child in children for below in descendants(child))]


def test_a_pool_of_nothing_fails(ray_cluster: Any):
    from farm.pools.ray_pool import RayPool  # noqa: PLC0415

    with pytest.raises(ValueError, match="at least 1"):
        RayPool(render_nothing, NullSettings(), num_slots=0)
