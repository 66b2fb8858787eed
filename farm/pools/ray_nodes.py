"""Joins a Ray cluster, and tells which machines it has, what they offer, and which are about to go.

In farm, only this module, `farm.pools.ray_pool` and `farm.pools.ray_metrics` import Ray.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray
from ray._private import ray_constants
from ray._private.state import state as cluster_state  # Ray's only way to tell which nodes are being drained
from ray._private.worker import global_worker  # Ray's only way to drain a node, but for its command line
from ray.core.generated.autoscaler_pb2 import DRAIN_NODE_REASON_PREEMPTION
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from farm.pools.forkserver_folders import remove_dead_folders
from farm.pools.head_watch import HEAD_LOST_SECONDS, AllNodesLost, HeadLost, HeadWatch, NoAnswer
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESOURCE = "dolphin"  # a node offers as many of these as it can run emulators side by side
FRESH_SECONDS = 10.0  # how long the head may take to say which nodes are alive, when that matters now
PROBE_SECONDS = 5.0  # how long the head may take to say that it is there
LEFTOVER_SECONDS = 2.0  # how long killed processes of our own Ray may take to be gone
SHUTDOWN_SECONDS = 10.0  # how long Ray may take to let go of a lost head
JOIN_SECONDS = 120.0  # how long joining may take; Ray itself asks a silent head for a quarter of an hour


@dataclass(frozen=True, slots=True)
class Cluster:
    """The Ray cluster that this process has joined or started.

    Attributes:
        address: Host and port of the cluster's head.
        dashboard_url: URL of the cluster's dashboard; empty if it has none.
        num_nodes: Machines in the cluster now.
        num_slots: Emulators that these machines can run now.
        is_ours: True if this process started the cluster, on this machine; the cluster then ends with it.
    """

    address: str
    dashboard_url: str
    num_nodes: int
    num_slots: int
    is_ours: bool

    def __str__(self) -> str:
        """Say which cluster this is, for people."""
        kind = "Started a Ray cluster on this machine" if self.is_ours else "Joined the Ray cluster"
        line = f"{kind} at {self.address}: {self.num_nodes} nodes, {self.num_slots} slots"
        return f"{line}\nDashboard: {self.dashboard_url}" if self.dashboard_url else line


@contextmanager
def joined_cluster(address: str | None, num_local_slots: int) -> Iterator[Cluster]:
    """Join the cluster at `address`, else the one this machine belongs to, else start one of our own.

    Args:
        address: Host and port; None or "auto" to look for one (`RAY_ADDRESS`, then this machine); "local" to
            start one without looking.
        num_local_slots: Number of slots that a cluster of our own offers.

    Raises:
        EnvironmentFailed: if the named cluster cannot be joined, or none can be started here.

    When the block ends with HeadLost or AllNodesLost, the program ends soon afterwards, with status 2, in any
    case. It also ends so, with one line, if a cluster is there but does not let it join within JOIN_SECONDS.
    """
    context, is_ours = _joined(address, num_local_slots)
    try:
        yield Cluster(
            address=context.address_info["gcs_address"],
            dashboard_url=f"http://{context.dashboard_url}" if context.dashboard_url else "",
            num_nodes=sum(node["Alive"] for node in ray.nodes()),
            num_slots=int(ray.cluster_resources().get(RESOURCE, 0)),
            is_ours=is_ours,
        )
    except AllNodesLost:
        _end_program_unless_set(SHUTDOWN_SECONDS)  # in case the rest of this run's own cluster does not end
        _leave(is_ours=is_ours)
        raise
    except HeadLost:
        _end_program_unless_set(SHUTDOWN_SECONDS)
        raise  # no shutdown here, which may wait for the head; Ray's own shutdown at exit may try
    except BaseException:
        _leave(is_ours=is_ours)
        raise
    else:
        _leave(is_ours=is_ours)


def _listen_on_loopback() -> None:
    """Let a cluster that this process starts listen on loopback alone; by default Ray listens everywhere.

    Ray has this switch for systems whose firewall would ask the user. Processes that Ray starts read it from
    the environment; this one read it when it imported Ray, so it is set here, too.
    """
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False


def _joined(address: str | None, num_local_slots: int) -> tuple[Any, bool]:
    """Join a cluster or start one; return Ray's context, and whether the cluster is our own."""
    # Workers' output stays in log files on their machines; Dolphin's output is in files of its own.
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "warning"}
    is_ours = address == "local"
    try:
        if not is_ours and (context := _join(address, options)):
            return context, False
        is_ours = True
        if os.environ.get("RAY_AUTH_MODE") == "token":
            # A token for this cluster alone; Ray itself would write one to the home folder, where it
            # outlives the run.
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        _listen_on_loopback()
        return ray.init(address="local", resources={RESOURCE: num_local_slots}, **options), True
    except RayError as problem:
        message = f"cannot join the Ray cluster: {str(problem).splitlines()[0]}"
        raise EnvironmentFailed(message) from problem
    except OSError as problem:  # Ray's own sockets: their path may be too long, or its folder not writable
        message = f"cannot start Ray here: {problem}; give it a short, writable folder: RAY_TMPDIR=/tmp"
        raise EnvironmentFailed(message) from problem
    except Exception as problem:
        if type(problem) is not Exception:
            raise
        # Ray raises a bare Exception when a node is not up within 30 s, a limit that cannot be set.
        _leave(is_ours=is_ours)
        message = f"cannot start Ray here: {problem} Where this machine is just too busy, run it again"
        raise EnvironmentFailed(message) from problem


def _leave(*, is_ours: bool) -> None:
    """Leave the cluster; end it if it is our own, and remove what it leaves on this machine."""
    ray.shutdown()
    if not is_ours:
        return
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while not remove_dead_folders() and time.monotonic() < deadline:
        time.sleep(0.1)  # until the kernel has removed the sockets of the ended processes


@contextmanager
def _ending_program_unless_done(seconds: float, last_words: str) -> Iterator[None]:
    """End the program with status 2 if the block takes longer; nothing else interrupts Ray's connecting."""
    done = _end_program_unless_set(seconds, last_words)
    try:
        yield
    finally:
        done.set()


def _end_program_unless_set(seconds: float, last_words: str = "") -> threading.Event:
    """Return an event; unless it is set in time, this process ends with status 2, even if Ray hangs."""
    done = threading.Event()

    def watch() -> None:
        if not done.wait(seconds):
            sys.stdout.flush()
            sys.stderr.write(last_words)
            sys.stderr.flush()
            os._exit(2)  # the exit status for "not finished"

    threading.Thread(target=watch, name="end-program", daemon=True).start()
    return done


def _join(address: str | None, options: dict[str, Any]) -> Any:
    """Return Ray's context of the joined cluster; None if none was named and there is none here."""
    named = address if address not in (None, "auto") else os.environ.get("RAY_ADDRESS")
    silent = (
        f"farm: the Ray cluster at {named or 'auto'} has not let this run join within {JOIN_SECONDS:.0f} s; "
        "see that its head is up and can be reached from here, then run the same command again\n"
    )
    try:
        with _ending_program_unless_done(JOIN_SECONDS, silent):
            return ray.init(address=address or "auto", **options)
    except ConnectionError as problem:
        if named is None:
            return None
        message = f"no Ray cluster at {named}: {problem}"
        raise EnvironmentFailed(message) from problem
    except RuntimeError as problem:
        if "GCS" not in str(problem):  # Ray's word for the head
            raise
        message = f"no Ray cluster at {named or 'auto'}: {str(problem).splitlines()[0]}"
        raise EnvironmentFailed(message) from problem


def on_node(function: Callable[..., Any], node: str, *arguments: Any) -> Any:
    """Call a function once on one node, beside the slots there; return the reference of its result."""
    here = NodeAffinitySchedulingStrategy(node, soft=False)
    remote: Any = ray.remote(_call)  # Ray takes only plain functions, not other callables
    options = remote.options(num_cpus=0, max_retries=0, scheduling_strategy=here)
    return options.remote(function, *arguments)


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def head_probe() -> Callable[[], bool]:
    """Return a function that asks whether the cluster's head is there; for drivers and slots.

    The function takes PROBE_SECONDS at most, and may be called from any thread.
    """
    client = global_worker.gcs_client  # kept here, as a shutdown takes it away from Ray itself

    def is_head_there() -> bool:
        try:
            client.check_alive([], timeout=PROBE_SECONDS)
        except RayError:
            return False
        return True

    return is_head_there


@dataclass(frozen=True, slots=True)
class Roster:
    """The nodes of the cluster at one moment, as the head reports them.

    Attributes:
        living: Ids of the nodes that are alive, in hex.
        capacity: Number of slots that these nodes offer together.
        leaving: Node id -> when the node goes, in seconds of the wall clock; infinity if unknown.
    """

    living: frozenset[str]
    capacity: int
    leaving: dict[str, float]


class NodeWatch:
    """Knows which nodes there are and which are about to go, from Ray's head and from the cloud's notice.

    Args:
        watch_notice: Runs on every node given to `watch`, again and again; see `farm.pools.ray_pool.RayPool`.
        head_lost_seconds: Seconds that the head may be silent before it counts as lost.
    """

    def __init__(
        self,
        watch_notice: Callable[[], float | None] | None,
        *,
        head_lost_seconds: float = HEAD_LOST_SECONDS,
    ) -> None:
        self.capacity = 0
        """Number of slots that all nodes offer together."""
        self.is_empty = False
        """Whether the head has said that no node is alive."""
        self.leaving: dict[str, float] = {}
        """Node id -> when the node goes, in seconds of the wall clock; infinity if unknown."""
        self._watch_notice = watch_notice
        self._watches: dict[Any, str] = {}  # call in flight -> node id
        self._to_drain: deque[tuple[str, float]] = deque()  # nodes that the head has yet to be told about
        self._is_head_there: Callable[[], bool] = lambda: False  # until `start`
        self._head = HeadWatch(self._ask, lost_seconds=head_lost_seconds)

    def start(self) -> None:
        """Begin to ask the head, in a thread of its own."""
        self._is_head_there = head_probe()
        self._head.start()

    def stop(self) -> None:
        """Stop asking the head."""
        self._head.stop()

    def living(self) -> frozenset[str] | None:
        """Ask the head which nodes are alive now; return their ids, in hex, or None if it does not answer."""
        roster = self._head.newer(FRESH_SECONDS)
        return None if roster is None else roster.living

    def refresh(self) -> None:
        """Take in the head's newest answer, without waiting for one.

        Raises:
            HeadLost: if the head has not answered for too long.
        """
        roster = self._head.latest()
        if roster is None:
            return
        self.capacity, self.is_empty = roster.capacity, not roster.living
        for node, goes_at in roster.leaving.items():
            self.leaving.setdefault(node, goes_at)
        self._take_notices()

    def watch(self, node: str) -> None:
        """Let the node listen for the cloud's notice from now on."""
        if self._watch_notice is not None and node not in self._watches.values():
            self._watches[on_node(self._watch_notice, node)] = node

    def _take_notices(self) -> None:
        if not self._watches:
            return
        ready, _ = ray.wait(list(self._watches), num_returns=len(self._watches), timeout=0)
        for ref in ready:
            node = self._watches.pop(ref)
            try:
                goes_at = ray.get(ref)
            except RayError:
                continue  # the node is gone, with or without a notice; a slot that opens there watches again
            if goes_at is None:
                self.watch(node)
                continue
            self.leaving[node] = min(goes_at, self.leaving.get(node, float("inf")))
            self._to_drain.append((node, goes_at))

    def _ask(self) -> Roster:
        """Ask the head for the roster, in the HeadWatch's thread: it may hang while the head is silent."""
        if not self._is_head_there():
            raise NoAnswer
        try:
            while self._to_drain:
                _drain(*self._to_drain.popleft())
            nodes = ray.nodes()
            draining = cluster_state.get_draining_nodes()
        except RayError as problem:
            raise NoAnswer from problem
        alive = [node for node in nodes if node["Alive"]]
        return Roster(
            frozenset(node["NodeID"] for node in alive),
            int(sum(node["Resources"].get(RESOURCE, 0) for node in alive)),
            {node: ms / 1000 if ms else float("inf") for node, ms in draining.items()},
        )


def _drain(node: str, goes_at: float) -> None:
    """Tell Ray that a node goes, so that nothing more is placed on it."""
    milliseconds = round(max(goes_at, time.time()) * 1000)
    with suppress(RayError):  # then the node is gone already
        global_worker.gcs_client.drain_node(
            node, DRAIN_NODE_REASON_PREEMPTION, "the cloud takes it back", milliseconds
        )
