"""The key: one per dataset, made once, readable by its owner only, and never guessed from a hash."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from farm.planning.player_key import key_path, keyed_hash, player_hash, player_key
from workers.errors import EnvironmentFailed


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("FARM_PLAYER_KEY", raising=False)


def test_a_dataset_keeps_its_key():
    assert player_key("data/set") == player_key("data/set") == player_key("data/../data/set/")
    assert player_key("data/set") != player_key("data/other")
    assert len(player_key("s3://bucket/set")) == 32
    assert player_key("s3://bucket/set/") == player_key("s3://bucket/set")


def test_only_its_owner_may_read_the_key():
    player_key("set")
    assert stat.S_IMODE(key_path("set").stat().st_mode) == 0o600
    assert [path.name for path in key_path("set").parent.iterdir()] == [key_path("set").name]


def test_the_key_is_not_in_the_dataset(tmp_path: Path):
    player_key(str(tmp_path / "dataset"))
    assert not (tmp_path / "dataset").exists()


def test_many_at_once_agree():
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: player_key("set"), range(50)))
    assert len(keys) == 1


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FARM_PLAYER_KEY", "a long enough secret, more than 32 letters")
    assert player_key("one") == player_key("two")
    assert not key_path("one").exists()


def test_a_short_secret_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FARM_PLAYER_KEY", "short")
    with pytest.raises(EnvironmentFailed, match="at least 32"):
        player_key("one")


def test_a_torn_key_fails():
    player_key("set")
    key_path("set").write_bytes(b"torn")
    with pytest.raises(EnvironmentFailed, match="4 bytes, a key has 32"):
        player_key("set")


def test_a_place_that_cannot_be_written_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentFailed, match="FARM_PLAYER_KEY"):
        player_key("set")


def test_a_hash_depends_on_key_and_identity_alone():
    assert player_hash(b"k" * 32, "AAAA#123") == player_hash(b"k" * 32, "AAAA#123")
    assert player_hash(b"k" * 32, "AAAA#123") != player_hash(b"l" * 32, "AAAA#123")
    assert player_hash(b"k" * 32, "AAAA#123") != player_hash(b"k" * 32, "AAAA#124")
    assert player_hash(b"k" * 32, "") is None
    assert keyed_hash(b"k" * 32, "a", "b") != keyed_hash(b"k" * 32, "b", "a")
