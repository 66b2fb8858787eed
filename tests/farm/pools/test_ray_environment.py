"""The environment variables that Ray reads when it is imported are set, unless the user set them."""

from __future__ import annotations

import os

import pytest

from farm.pools import ray_environment
from farm.pools.head_watch import HEAD_LOST_SECONDS


@pytest.fixture(autouse=True)
def _nothing_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ray_environment.SETTINGS:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_what_nobody_settled_is_settled():
    ray_environment.prepare()
    assert {name: os.environ[name] for name in ray_environment.SETTINGS} == ray_environment.SETTINGS


@pytest.mark.parametrize("name", ray_environment.SETTINGS)
def test_what_the_user_settled_stays(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(name, "the user's")
    ray_environment.prepare()
    assert os.environ[name] == "the user's"


def test_a_cluster_asks_for_a_token_and_reports_nothing_about_its_use():
    ray_environment.prepare()
    assert os.environ["RAY_AUTH_MODE"] == "token"
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_ray_gives_a_silent_head_up_only_after_we_did():
    """Where Ray ends a program the status is 1; ours is 2, which says that running it again goes on."""
    ray_environment.prepare()
    name = "RAY_gcs_rpc_server_reconnect_timeout_s"
    assert float(os.environ[name]) > 2 * HEAD_LOST_SECONDS
