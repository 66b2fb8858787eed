"""Makes the doubles importable by name, here and in worker processes; and a Ray cluster on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DOUBLES = str(Path(__file__).parent / "doubles")
if DOUBLES not in sys.path:
    sys.path.insert(0, DOUBLES)  # local pools hand sys.path on to their processes

HAS_RAY = importlib.util.find_spec("ray") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason in the summary, what needs Ray where there is none."""
    needs_ray = pytest.mark.skip(reason="no Ray here: make extras-ray")
    for item in items:
        if item.get_closest_marker("ray") and not HAS_RAY:
            item.add_marker(needs_ray)


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[Any]:
    """A head without slots and three nodes with two each, all processes of this machine; already joined.

    Never `ray stop`: that would end every Ray of this machine, and others run theirs.
    """
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    import ray  # noqa: PLC0415 - only where a test asks for a cluster
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    folder = os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="farm-ray-", dir="/tmp")  # short: for sockets
    memory = 80 << 20
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "object_store_memory": memory, "include_dashboard": False},
    )
    for _ in range(3):
        cluster.add_node(num_cpus=0, object_store_memory=memory, resources={"dolphin": 2})
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    shutil.rmtree(folder, ignore_errors=True)
