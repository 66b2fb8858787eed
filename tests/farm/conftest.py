"""Makes the farm's doubles importable, here and in worker processes, and starts a Ray cluster for tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.manifests.conftest import sound
from tests.ray_cluster import started_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ray_cluster", "sound"]

DOUBLES = str(Path(__file__).parent / "doubles")
if DOUBLES not in sys.path:
    sys.path.insert(0, DOUBLES)  # local pools pass sys.path on to their processes

HAS_RAY = importlib.util.find_spec("ray") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with a reason, the tests that need Ray where Ray is not installed."""
    needs_ray = pytest.mark.skip(reason="no Ray here: make extras-ray")
    for item in items:
        if item.get_closest_marker("ray") and not HAS_RAY:
            item.add_marker(needs_ray)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[Any]:
    """A Ray cluster of local processes, already joined: a head, and three nodes with two slots each."""
    import ray  # noqa: PLC0415 - only where a test asks for a cluster

    with started_cluster(num_nodes=3, slots_each=2) as cluster:
        ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
        yield cluster
        ray.shutdown()
