"""A Ray cluster of several nodes on this machine, for tests; each node is a set of processes.

Never `ray stop`: that would end every Ray of this machine, and others run theirs.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

NODE_MEMORY_BYTES = 80 << 20  # the least that Ray takes; we keep nothing in it
# A lost node is known to be lost after about 5 s, not 15: tests wait for it.
SYSTEM = {
    "health_check_initial_delay_ms": 2000,
    "health_check_period_ms": 1000,
    "health_check_failure_threshold": 5,
}


def node(num_slots: int) -> dict[str, Any]:
    """What `add_node` is to be called with for a node of so many slots."""
    return {"num_cpus": 0, "object_store_memory": NODE_MEMORY_BYTES, "resources": {"dolphin": num_slots}}


@contextmanager
def started_cluster(num_nodes: int, slots_each: int) -> Iterator[Any]:
    """A head without slots and `num_nodes` nodes; not joined. Its processes are gone when the block ends."""
    os.environ["RAY_AUTH_MODE"] = "disabled"
    # Of 15 by default: on a busy machine a test would starve.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - its name
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - only where a test asks for a cluster

    outer = os.environ.get("RAY_TMPDIR")
    folder = os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="farm-ray-", dir="/tmp")  # short: for sockets
    head = {
        "num_cpus": 0,
        "object_store_memory": NODE_MEMORY_BYTES,
        "include_dashboard": False,
        # Without a port of its own Ray tries 8265, and where another Ray has that, it leaves a socket open.
        "dashboard_port": None,
    }
    cluster = Cluster(initialize_head=True, head_node_args={**head, "_system_config": SYSTEM})
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
