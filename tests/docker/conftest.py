"""Skips, with a reason, tests that need Ray where it is missing; makes the helpers beside it importable."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)  # so that helpers are imported by their names
HAS_RAY = importlib.util.find_spec("ray") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needs_ray = pytest.mark.skip(reason="no Ray here: make extras-ray")
    for item in items:
        if item.get_closest_marker("ray") and not HAS_RAY:
            item.add_marker(needs_ray)
