"""Makes the farm's doubles importable, here and in worker processes, and starts a Ray cluster for tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.manifests.conftest import sound
from tests.ray_cluster import SHARED

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


@pytest.fixture
def ray_cluster() -> Any:
    """Return the shared Ray cluster of three nodes with two slots each, which this process has joined."""
    return SHARED.joined()
