"""Skips, with the reason in the summary, what needs Ray where there is none."""

from __future__ import annotations

import importlib.util

import pytest

HAS_RAY = importlib.util.find_spec("ray") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needs_ray = pytest.mark.skip(reason="no Ray here: make extras-ray")
    for item in items:
        if item.get_closest_marker("ray") and not HAS_RAY:
            item.add_marker(needs_ray)
