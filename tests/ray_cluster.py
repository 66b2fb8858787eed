"""A Ray cluster of several nodes on this machine, for tests; each node is a set of processes.

No test may call `ray stop`: that would end every Ray of this machine, and others run theirs.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NODE_MEMORY_BYTES = 80 << 20  # the least that Ray accepts; we store nothing in it
# Ray gives a node 30 s to start: too little where emulators and other tests use the cores.
PATIENCE_SECONDS = 300.0
# With these Ray notices the loss of a node after about 5 s, not 15, since tests wait for that.
SYSTEM = {
    "health_check_initial_delay_ms": 2000,
    "health_check_period_ms": 1000,
    "health_check_failure_threshold": 5,
}

ENVIRONMENT: Final = {
    # Ray starts workers with a niceness of 15, with which a test would get no core on a busy machine.
    "RAY_worker_niceness": "0",
    # Nobody reads what the nodes report about their machine, and gathering that costs time.
    "REPORTER_UPDATE_INTERVAL_MS": "60000",
    "RAY_gcs_server_port_wait_time_s": str(round(PATIENCE_SECONDS)),
}
"""Variables for every Ray that a test starts, by this module or by a command."""


def node(num_slots: int) -> dict[str, Any]:
    """The arguments of `add_node` for a node with this number of slots."""
    return {"num_cpus": 0, "object_store_memory": NODE_MEMORY_BYTES, "resources": {"dolphin": num_slots}}


def _patient(get_node: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    """Wrap Ray's `get_node` so that it waits until the node is registered, up to PATIENCE_SECONDS."""

    def get_node_that_may_be_late(gcs_address: str, node_id: str) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return get_node(gcs_address, node_id)
            except RuntimeError:  # not registered yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    return get_node_that_may_be_late


@contextmanager
def started_cluster(num_nodes: int, slots_each: int, *, shows_logs: bool = True) -> Iterator[Any]:
    """Start a Ray head without slots and `num_nodes` nodes, which end with the block.

    This process does not join the cluster.

    Args:
        num_nodes: beside the head.
        slots_each: how many slots each of these nodes offers.
        shows_logs: whether drivers may see the logs of nodes and workers; that takes a tenth of a core.
    """
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    os.environ.update(ENVIRONMENT)
    from ray._private import services  # noqa: PLC0415 - only where a test asks for a cluster
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - only where a test asks for a cluster

    class PatientCluster(Cluster):  # type: ignore[misc] - Ray's own is untyped
        """A `Cluster` that waits longer for its nodes than Ray's own, whose limits cannot be set."""

        def add_node(self, wait: bool = True, **node_args: Any) -> Any:
            with mock.patch("ray._private.services.get_node", _patient(services.get_node)):
                return super().add_node(wait, **node_args)

        def _wait_for_node(self, node: Any, timeout: float = PATIENCE_SECONDS) -> None:
            super()._wait_for_node(node, timeout)

        def wait_for_nodes(self, timeout: float = PATIENCE_SECONDS) -> None:
            super().wait_for_nodes(timeout)

    outer = os.environ.get("RAY_TMPDIR")
    folder = os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="farm-ray-", dir="/tmp")  # short: for sockets
    head = {
        "num_cpus": 0,
        "object_store_memory": NODE_MEMORY_BYTES,
        "include_dashboard": False,
        "include_log_monitor": shows_logs,
        # Without this Ray tries port 8265, and where another Ray has that, it leaves a socket open.
        "dashboard_port": None,
    }
    cluster = PatientCluster(initialize_head=True, head_node_args={**head, "_system_config": SYSTEM})
    try:
        for _ in range(num_nodes):
            cluster.add_node(wait=False, **node(slots_each))
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
        del os.environ["RAY_TMPDIR"]
        if outer is not None:
            os.environ["RAY_TMPDIR"] = outer


class SharedCluster:
    """A Ray cluster that tests share: it starts with the first test that asks for it, and ends at `close`.

    It has a head without slots and three nodes with two slots each, all processes of this machine; this
    process has joined it.
    """

    def __init__(self) -> None:
        self._cluster: Any = None
        self._stack = ExitStack()

    def joined(self) -> Any:
        """Return the cluster; start and join it if that has not been done yet."""
        if self._cluster is None:
            import ray  # noqa: PLC0415 - only where a test asks for a cluster

            self._cluster = self._stack.enter_context(
                started_cluster(num_nodes=3, slots_each=2, shows_logs=False)
            )
            ray.init(address=self._cluster.address, log_to_driver=False, logging_level="error")
            self._stack.callback(ray.shutdown)
        return self._cluster

    def close(self) -> None:
        """Leave the cluster and end it, if it runs."""
        self._stack.close()
        self._cluster = None


SHARED = SharedCluster()
