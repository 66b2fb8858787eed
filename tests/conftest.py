"""What every test may ask for, and the loud skips for what a machine lacks."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.ray_cluster import SHARED as SHARED_CLUSTER

# The machines this runs on are shared and noisy: a slow example is not a failing one.
hypothesis.settings.register_profile("farm", deadline=None)
hypothesis.settings.load_profile("farm")

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SHARED = PROJECT_ROOT.parent / "shared"
"""Real replays and their right answers, beside the project; not part of it."""


class RayTakesTurns(LoadFileScheduling):  # type: ignore[misc] - xdist is untyped
    """Files of tests run side by side, but those that start a Ray: two of those would want the same ports."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "ray" if _starts_ray(file) else file


@cache
def _starts_ray(file: str) -> bool:
    return "mark.ray" in (PROJECT_ROOT / file).read_text()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> RayTakesTurns | None:
    """Hand out files as above where `--dist loadfile` is asked for."""
    return RayTakesTurns(config, log) if config.getoption("dist") == "loadfile" else None


def _is_brief(item: pytest.Item) -> tuple[bool, bool]:
    """Sort key: what waits longest begins first, so that no worker is left alone with it in the end."""
    return not item.get_closest_marker("ray"), not item.get_closest_marker("slow")


_S3_FIXTURES = {"s3_proxy", "bare_s3"}


def _dolphin_is_installed() -> bool:
    path = f"{os.environ.get('PATH', '')}:/usr/games"
    return shutil.which("dolphin-emu-nogui", path=path) is not None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for the S3 server; skip, with the reason in the summary, what needs what is not here."""
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
    """The folder of 16 real replays and expected.json; skips where it is absent."""
    folder = SHARED / "replays"
    if not folder.is_dir():
        pytest.skip(f"no real replays here: {folder} is absent")
    return folder


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """The folder of small inputs that earlier versions got wrong; skips where it is absent."""
    folder = SHARED / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases here: {folder} is absent")
    return folder
