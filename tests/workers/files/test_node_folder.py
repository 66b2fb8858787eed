"""A private folder is closed to other users, and holds a lock."""

from __future__ import annotations

import fcntl
import stat
import time
from pathlib import Path

import pytest

from workers.errors import EnvironmentFailed
from workers.files.node_folder import is_own_file, locked, private_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_and_one_too_open_end_up_for_the_user_alone(tmp_path: Path):
    assert mode(private_folder(tmp_path / "a/b")) == 0o700
    (tmp_path / "open").mkdir(mode=0o755)
    assert mode(private_folder(tmp_path / "open")) == 0o700


def test_a_link_in_its_place_is_refused(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EnvironmentFailed, match=r"it is a link, or no folder; set XDG_CACHE_HOME"):
        private_folder(tmp_path / "cache")


def test_a_file_in_its_place_is_refused(tmp_path: Path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(EnvironmentFailed, match=r"cannot keep files"):
        private_folder(tmp_path / "cache")


def test_a_place_that_anybody_can_write_is_refused(tmp_path: Path):
    (tmp_path / "above").mkdir()
    (tmp_path / "above").chmod(0o777)
    with pytest.raises(EnvironmentFailed, match=r"anybody can write the folder that holds it"):
        private_folder(tmp_path / "above/cache")


def test_somebody_elses_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    private_folder(tmp_path / "cache")
    monkeypatch.setattr("manifests.private_folder.os.geteuid", lambda: 12345)
    with pytest.raises(EnvironmentFailed, match=r"it belongs to user"):
        private_folder(tmp_path / "cache")


def test_a_link_is_no_own_file(tmp_path: Path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert is_own_file(tmp_path / "file")
    assert not is_own_file(tmp_path / "link")
    assert not is_own_file(tmp_path / "absent")


def test_a_lock_that_stays_taken_is_given_up_at_the_deadline(tmp_path: Path):
    with (tmp_path / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with (
            pytest.raises(EnvironmentFailed, match=r"was not done in time with fetching it"),
            locked(tmp_path / "lock", time.monotonic(), "fetching it"),
        ):
            pass


def test_a_lock_is_free_again_after_its_block(tmp_path: Path):
    for _ in range(2):
        with locked(tmp_path / "lock", time.monotonic(), "fetching it"):
            pass


def test_a_folder_that_others_may_write_is_refused(tmp_path: Path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o770)
    with pytest.raises(EnvironmentFailed, match=r"others may write into it \(mode 770\)"):
        private_folder(tmp_path / "cache")
