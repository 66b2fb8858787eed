"""The key that hashes players is made once per dataset, and only its owner can read it."""

from __future__ import annotations

import dataclasses
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from farm.cli import farm
from farm.planning.player_key import key_fingerprint, key_path, keyed_hash, player_hash, player_key
from manifests.ledger.dataset import DatasetDescription, read_description
from manifests.store.open import open_store
from tests.manifests.conftest import Samples
from workers.errors import EnvironmentFailed
from workers.standin.recorder import record_match


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("FARM_PLAYER_KEY", raising=False)
    monkeypatch.delenv("FARM_PLAYER_KEY_FILE", raising=False)


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


def begun_with(key: bytes | None) -> DatasetDescription:
    """The dataset.json of a dataset begun with a key; an old dataset.json does not say with which."""
    fingerprint = None if key is None else key_fingerprint(key)
    return dataclasses.replace(Samples().description, player_key_sha256=fingerprint)


def test_a_dataset_that_moved_on_this_machine_finds_its_key():
    key = player_key("set")
    player_key("another")
    assert player_key("moved/elsewhere", begun_with(key)) == key


def test_a_key_that_is_not_here_is_refused_with_what_to_do_and_none_is_made():
    begun = begun_with(b"k" * 32)
    with pytest.raises(EnvironmentFailed, match=r"another player key.*FARM_PLAYER_KEY_FILE"):
        player_key("set", begun)
    assert not key_path("set").exists()


def test_an_old_dataset_whose_key_is_gone_is_refused_too():
    with pytest.raises(EnvironmentFailed, match="that key is not here"):
        player_key("set", begun_with(None))


def test_an_old_dataset_goes_on_with_the_key_of_its_place():
    key = player_key("set")
    assert player_key("set", begun_with(None)) == key


def test_another_key_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch):
    begun = begun_with(player_key("set"))
    monkeypatch.setenv("FARM_PLAYER_KEY", "x" * 32)
    with pytest.raises(EnvironmentFailed, match="another key is given"):
        player_key("set", begun)


def test_a_copied_key_file_is_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    key = player_key("set")
    (tmp_path / "copy").write_bytes(key_path("set").read_bytes())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another machine"))
    monkeypatch.setenv("FARM_PLAYER_KEY_FILE", str(tmp_path / "copy"))
    assert player_key("set", begun_with(key)) == key


def test_a_secret_in_a_file_is_the_same_as_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "secret").write_text("s" * 40 + "\n")
    monkeypatch.setenv("FARM_PLAYER_KEY_FILE", str(tmp_path / "secret"))
    from_file = player_key("set")
    monkeypatch.setenv("FARM_PLAYER_KEY", "s" * 40)
    assert player_key("set") == from_file


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"short", "at least 32"), (b"\xff" * 40, "neither a copied key")],
)
def test_a_file_that_holds_no_key_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
):
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("FARM_PLAYER_KEY_FILE", str(tmp_path / "secret"))
    with pytest.raises(EnvironmentFailed, match=said):
        player_key("set")


def test_a_fingerprint_does_not_give_the_key_away():
    key = player_key("set")
    assert key.hex() not in key_fingerprint(key)
    assert key_fingerprint(key) != key_fingerprint(key[::-1])


def test_a_plan_for_a_dataset_that_moved_has_the_same_hashes_and_splits(tmp_path: Path):
    (tmp_path / "a.slp").write_bytes(record_match(3, num_frames=140))
    (tmp_path / "b.slp").write_bytes(record_match(4, num_frames=140))

    def planned(replay: str, out: str) -> Any:
        arguments = [
            "plan",
            "--emulator",
            "standin",
            "--replays",
            str(tmp_path / replay),
            "--out",
            str(tmp_path / out),
        ]
        return CliRunner().invoke(farm, arguments)

    assert planned("a.slp", "set").exit_code == 0
    fingerprint = read_description(open_store(tmp_path / "set")).player_key_sha256
    (tmp_path / "set").rename(tmp_path / "moved")
    assert planned("b.slp", "moved").exit_code == 0
    assert read_description(open_store(tmp_path / "moved")).player_key_sha256 == fingerprint
    shutil.rmtree(tmp_path / "config")
    lost = planned("b.slp", "moved")
    assert isinstance(lost.exception, EnvironmentFailed)


def test_what_else_lies_among_the_keys_is_passed_over():
    key = player_key("set")
    (key_path("set").parent / ".swp").write_bytes(b"")
    assert player_key("moved", begun_with(key)) == key
