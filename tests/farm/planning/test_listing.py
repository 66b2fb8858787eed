"""What a person names, and the replays that it means: folders, globs, files and archives."""

from __future__ import annotations

import errno
import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.planning.listing import list_replays
from farm.planning.scanned_replay import Found, LeftOut
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed
from workers.standin.recorder import record_match


def listed(*sources: object) -> list[Found | LeftOut]:
    return list(list_replays([str(source) for source in sources]))


def names(found: list[Found | LeftOut], below: Path) -> list[str]:
    assert all(isinstance(one, Found) for one in found)
    return [one.locator.removeprefix(f"{below}/") for one in found if isinstance(one, Found)]


def write(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"content")


def test_a_folder_is_searched_through_in_order_of_names(tmp_path: Path):
    write(tmp_path, "b/z.slp", "b/a.slp", "a/c.slp", "top.slp")
    assert names(listed(tmp_path), tmp_path) == ["top.slp", "a/c.slp", "b/a.slp", "b/z.slp"]


def test_what_is_no_replay_by_its_name_is_not_looked_at(tmp_path: Path):
    write(tmp_path, "a.slp", "A.SLP", "b.slp.gz", "c.slp.zst", "notes.txt", "slp", "d.slp.bak")
    assert names(listed(tmp_path), tmp_path) == ["A.SLP", "a.slp", "b.slp.gz", "c.slp.zst"]


def test_a_file_that_is_named_is_taken_whatever_it_is_called(tmp_path: Path):
    write(tmp_path, "game")
    assert names(listed(tmp_path / "game"), tmp_path) == ["game"]


def test_locators_are_absolute_so_that_another_process_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write(tmp_path, "sub/a.slp")
    monkeypatch.chdir(tmp_path)
    assert names(listed("sub", "sub/a.slp", "sub/*.slp"), tmp_path) == ["sub/a.slp"] * 3


@settings(max_examples=25)
@given(files=st.sets(st.from_regex(r"[a-z]{1,3}(/[a-z]{1,3}){0,2}", fullmatch=True), max_size=8))
def test_every_replay_in_a_folder_is_found_once(tmp_path_factory: pytest.TempPathFactory, files: set[str]):
    root = tmp_path_factory.mktemp("listing")
    write(root, *(f"{name}.slp" for name in files))
    found = names(listed(root), root)
    assert sorted(found) == sorted(f"{name}.slp" for name in files)


def test_members_of_a_zip_are_named_and_not_read(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("x/b.slp", "a.slp.gz", "notes.txt"):
            archive.writestr(name, b"content")
    found = listed(tmp_path / "a.zip")
    assert sorted(names(found, tmp_path)) == ["a.zip!a.slp.gz", "a.zip!x/b.slp"]
    assert all(one.data is None for one in found if isinstance(one, Found))


def test_members_of_a_packed_tar_come_with_their_bytes(tmp_path: Path):
    """Such an archive can only be read from its beginning, so they are not read a second time."""
    replay = record_match(1, num_frames=130)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("in/a.slp.gz")
        packed = gzip.compress(replay)
        member.size = len(packed)
        archive.addfile(member, io.BytesIO(packed))
    (found,) = listed(tmp_path / "a.tar.gz")
    assert isinstance(found, Found)
    assert (found.locator, found.data) == (f"{tmp_path}/a.tar.gz!in/a.slp.gz", replay)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_an_archive_that_is_none_is_left_out_and_the_others_are_listed(tmp_path: Path, name: str):
    write(tmp_path, name, "z.slp")
    left, found = listed(tmp_path)
    assert isinstance(left, LeftOut)
    assert (left.source, left.game_id, left.reason) == (str(tmp_path / name), None, Reason.UNREADABLE)
    assert names([found], tmp_path) == ["z.slp"]


def test_an_empty_folder_has_none(tmp_path: Path):
    assert listed(tmp_path) == []


def test_sources_are_listed_in_the_order_given(tmp_path: Path):
    write(tmp_path, "a/1.slp", "b/2.slp")
    assert names(listed(tmp_path / "b", tmp_path / "a"), tmp_path) == ["b/2.slp", "a/1.slp"]


def test_a_source_that_is_not_there_fails_when_its_turn_comes(tmp_path: Path):
    write(tmp_path, "a.slp")
    listing = list_replays([str(tmp_path), str(tmp_path / "nowhere")])
    assert isinstance(next(listing), Found)
    with pytest.raises(EnvironmentFailed, match="no such file or folder; give a folder, a file, a glob"):
        next(listing)


def test_a_glob_that_matches_nothing_fails(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match="nothing matches; mind the quotes"):
        listed(tmp_path / "*.slp")


def test_a_glob_may_begin_at_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, "Slippi/a.slp")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert names(listed("~/Slippi/*.slp"), tmp_path) == ["Slippi/a.slp"]


def test_a_folder_that_may_not_be_read_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As the system refuses it to anybody but the superuser, who may be the one that tests."""
    write(tmp_path, "closed/a.slp")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(
        EnvironmentFailed, match="closed: Permission denied; make it readable, or name another"
    ):
        listed(tmp_path)
