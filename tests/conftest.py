"""Fixtures for every test, and skips whose reasons name what this machine lacks (Dolphin, replays)."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.ray_cluster import ENVIRONMENT as RAY_ENVIRONMENT
from tests.ray_cluster import SHARED as SHARED_CLUSTER

# Tests run on shared, busy machines, so an example of hypothesis may be slow without failing.
hypothesis.settings.register_profile("farm", deadline=None)
hypothesis.settings.load_profile("farm")
os.environ.update(RAY_ENVIRONMENT)

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SHARED = PROJECT_ROOT.parent / "shared"
"""Folder of real replays and the values expected of them, beside the project and not part of it."""


class RayTakesTurns(LoadFileScheduling):  # type: ignore[misc] - xdist is untyped
    """Runs test files side by side, but those that start a Ray one after another.

    Two Rays at once would want the same ports.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "ray" if _starts_ray(file) else file


@cache
def _starts_ray(file: str) -> bool:
    return "mark.ray" in (PROJECT_ROOT / file).read_text()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> RayTakesTurns | None:
    """Use `RayTakesTurns` as the scheduler of pytest-xdist where `--dist loadfile` is given."""
    return RayTakesTurns(config, log) if config.getoption("dist") == "loadfile" else None


def _is_brief(item: pytest.Item) -> tuple[bool, bool]:
    """Sort key: tests that wait longest begin first, so that no worker is left alone with one in the end."""
    return not item.get_closest_marker("ray"), not item.get_closest_marker("slow")


_S3_FIXTURES = {"s3_proxy", "bare_s3"}


def _dolphin_is_installed() -> bool:
    path = f"{os.environ.get('PATH', '')}:/usr/games"
    return shutil.which("dolphin-emu-nogui", path=path) is not None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the S3 server; skip, with a reason, those that need what is not here."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if asked & _S3_FIXTURES or item.name.endswith("[s3]"):
            item.add_marker(pytest.mark.s3)
    items.sort(key=_is_brief)
    needs_dolphin = pytest.mark.skip(reason="no dolphin-emu-nogui here: run docker/system-packages render")
    needs_shared = pytest.mark.skip(reason=f"no real replays here: {SHARED / 'replays'} is absent")
    has_dolphin = _dolphin_is_installed()
    has_shared = (SHARED / "replays").is_dir()
    for item in items:
        if item.get_closest_marker("dolphin") and not has_dolphin:
            item.add_marker(needs_dolphin)
        if item.get_closest_marker("shared") and not has_shared:
            item.add_marker(needs_shared)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the shared Ray cluster after the last test that needs Ray: idle, it takes a third of a core."""
    if item.get_closest_marker("ray") and not (nextitem and nextitem.get_closest_marker("ray")):
        SHARED_CLUSTER.close()


@pytest.fixture(scope="session")
def real_replays() -> Path:
    """The folder of 16 real replays and expected.json; the test skips where it is absent."""
    folder = SHARED / "replays"
    if not folder.is_dir():
        pytest.skip(f"no real replays here: {folder} is absent")
    return folder


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """The folder of small inputs that earlier versions got wrong; the test skips where it is absent."""
    folder = SHARED / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases here: {folder} is absent")
    return folder
