"""Replays in a repository on the (fake) hub are listed at one commit, and fetched once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm.planning.listing import PassedOver, list_replays
from farm.planning.scanned_replay import Found, LeftOut
from manifests.ledger.reasons import Reason
from tests.manifests.hub.hub_server import COMMIT, Hub, hub_server
from tests.workers.replay.test_archives import pack, replay
from workers.errors import EnvironmentFailed
from workers.replay.hub import hub_place, local_copy
from workers.replay.source import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("huggingface_hub")
ROOT = f"hf://datasets/owner/set@{COMMIT}"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_server() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        found.files = {
            "FALCO/a.slp": replay(1),
            "FALCO/set.7z": pack(".7z", {"b.slp": replay(2)}),
            "FOX/c.slp": replay(3),
            "README.md": b"about",
            "all.rar": b"unread",
        }
        yield found


def test_every_replay_of_a_repository_is_listed_and_read(hub: Hub):
    passed_over = PassedOver()
    found = list(list_replays(["hf://datasets/owner/set"], passed_over))
    replays = {one.locator: read_source(one.locator) for one in found if isinstance(one, Found)}
    assert replays == {
        f"{ROOT}/FALCO/a.slp": replay(1),
        f"{ROOT}/FALCO/set.7z!b.slp": replay(2),
        f"{ROOT}/FOX/c.slp": replay(3),
    }
    left = [(one.source, one.reason) for one in found if isinstance(one, LeftOut)]
    assert left == [(f"{ROOT}/all.rar", Reason.NOT_READ)]
    assert passed_over.count == 1


def test_a_prefix_means_the_files_that_begin_so(hub: Hub):
    found = list(list_replays(["hf://datasets/owner/set@main/FOX/"]))
    assert [one.locator for one in found if isinstance(one, Found)] == [f"{ROOT}/FOX/c.slp"]
    with pytest.raises(EnvironmentFailed, match="no file's path begins so"):
        list(list_replays(["hf://datasets/owner/set/MARTH"]))


def test_a_file_is_fetched_once_and_then_read_without_the_hub(hub: Hub):
    for _ in range(3):
        assert read_source(f"{ROOT}/FOX/c.slp") == replay(3)
    assert sum(asked.startswith("GET") for asked in hub.asked) == 1
    asked = len(hub.asked)
    read_source(f"{ROOT}/FOX/c.slp")
    assert len(hub.asked) == asked


@pytest.mark.slow
def test_a_download_that_breaks_off_goes_on_where_it_stopped(hub: Hub):
    hub.files["large.slp"] = replay(4) + bytes(24 << 20)
    hub.cut_after_bytes = 15 << 20  # the library writes 10 MiB at a time
    assert local_copy(f"{ROOT}/large.slp").read_bytes() == hub.files["large.slp"]
    assert any("bytes=10485760-" in asked for asked in hub.asked)


def test_a_repository_that_is_not_there_is_named_with_what_to_do(hub: Hub):
    with pytest.raises(EnvironmentFailed, match=r"hf://datasets/owner/none: .*HF_TOKEN"):
        list(list_replays(["hf://datasets/owner/none"]))
    with pytest.raises(EnvironmentFailed, match=r"FOX/gone.slp: "):
        read_source(f"{ROOT}/FOX/gone.slp")


def test_a_hub_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EnvironmentFailed, match="HF_ENDPOINT"):
        list(list_replays(["hf://datasets/owner/set"]))


@pytest.mark.parametrize("url", ["hf://owner/set", "hf://models/owner/set", "hf://datasets/owner", "hf://"])
def test_another_url_is_refused_with_the_right_form(url: str):
    with pytest.raises(EnvironmentFailed, match="hf://datasets/OWNER/NAME"):
        hub_place(url)


def test_a_path_that_leads_out_of_the_repository_is_not_fetched(hub: Hub):
    hub.files = {"a/../../b.zip": b"PK", "a.slp": replay(1)}
    found = list(list_replays(["hf://datasets/owner/set"]))
    assert [one.reason for one in found if isinstance(one, LeftOut)] == [Reason.NOT_READ]
