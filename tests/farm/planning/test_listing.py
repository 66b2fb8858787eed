"""The folders, globs, files and archives that a person names are turned into a list of replays."""

from __future__ import annotations

import errno
import gzip
import io
import os
import socket
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.planning.listing import PassedOver, list_replays
from farm.planning.scanned_replay import Found, LeftOut
from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed
from workers.replay.source import read_source
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


def test_a_folder_that_may_not_be_read_is_left_out_and_the_others_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The refusal is faked, since the superuser, who may run the tests, may read every folder."""
    write(tmp_path, "closed/a.slp", "open/b.slp")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    left, found = listed(tmp_path)
    assert left == LeftOut(f"{tmp_path}/closed", None, Reason.NOT_READ, "Permission denied")
    assert names([found], tmp_path) == ["open/b.slp"]


def left(found: list[Found | LeftOut], below: Path) -> dict[str, Reason]:
    return {one.source.removeprefix(f"{below}/"): one.reason for one in found if isinstance(one, LeftOut)}


def test_other_kinds_of_archive_are_named_and_files_of_no_interest_are_counted(tmp_path: Path):
    kinds = "b.rar d.tar.bz2 e.tar.lz4 f.gz g.zst h.slp.xz i.ZIPX j.7z.001"
    write(tmp_path, *kinds.split(), "notes.txt", ".DS_Store", "sub/cover.png", "z.slp")
    passed_over = PassedOver()
    found = list(list_replays([str(tmp_path)], passed_over))
    assert left(found, tmp_path) == dict.fromkeys(kinds.split(), Reason.NOT_READ)
    assert passed_over.count == 3


def test_a_file_that_is_named_itself_is_never_passed_over(tmp_path: Path):
    write(tmp_path, "notes.txt", "a.rar")
    passed_over = PassedOver()
    found = list(list_replays([f"{tmp_path}/notes.txt", f"{tmp_path}/a.rar", f"{tmp_path}/n*"], passed_over))
    assert [one.locator for one in found if isinstance(one, Found)] == [f"{tmp_path}/notes.txt"] * 2
    assert left(found, tmp_path) == {"a.rar": Reason.NOT_READ}
    assert passed_over.count == 0


def pack(path: Path, *names: str) -> None:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"content")
    else:
        with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as opened:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = len(b"content")
                opened.addfile(member, io.BytesIO(b"content"))


@pytest.mark.parametrize("outer", ["o.zip", "o.tar", "o.tar.gz", "o.tgz"])
def test_a_damaged_archive_within_an_archive_is_named(tmp_path: Path, outer: str):
    inner = {"in/a.zip": "unreadable", "b.tar": "unreadable", "c.tgz": "unreadable", "d.7z": "unreadable"}
    unread = {"e.slp.xz": "not_read", "f.rar": "not_read"}
    pack(tmp_path / outer, *inner, *unread, "readme.txt")
    passed_over = PassedOver()
    found = list(list_replays([str(tmp_path)], passed_over))
    assert left(found, tmp_path) == {f"{outer}!{name}": why for name, why in (inner | unread).items()}
    assert passed_over.count == 1


@pytest.mark.shared
def test_the_given_zip_of_zips_is_read(shared_cases: Path):
    found = listed(shared_cases / "nested.zip")
    assert found
    for one in found:
        assert isinstance(one, Found)
        assert one.locator.startswith(f"{shared_cases}/nested.zip!Genesis 9/Setup 1.zip!")
        assert one.data == read_source(one.locator)


@pytest.mark.shared
def test_the_given_archive_that_was_cut_in_a_header_is_not_whole(shared_cases: Path):
    game, broken = listed(shared_cases / "cut_between_members.tar.gz")
    assert isinstance(game, Found)
    assert game.locator.endswith("cut_between_members.tar.gz!0.slp")
    assert isinstance(broken, LeftOut)
    assert broken.reason is Reason.UNREADABLE
    assert "not a whole .tar.gz" in broken.detail


def test_an_archive_without_a_member_is_counted(tmp_path: Path):
    for name in ("a.zip", "b.tar", "c.tgz"):
        pack(tmp_path / name)
    passed_over = PassedOver()
    assert list(list_replays([str(tmp_path)], passed_over)) == []
    assert passed_over.count == 3


def test_links_to_folders_are_followed_and_each_folder_is_searched_once(tmp_path: Path):
    write(tmp_path, "in/real/a.slp", "elsewhere/b.slp")
    (tmp_path / "in/1 again").symlink_to("real")
    (tmp_path / "in/2 out").symlink_to("../elsewhere")
    (tmp_path / "in/real/3 up").symlink_to("..")
    (tmp_path / "elsewhere/4 back").symlink_to("../in/real")
    found = listed(tmp_path / "in")
    assert names([one for one in found if isinstance(one, Found)], tmp_path) == [
        "in/real/a.slp",
        "in/2 out/b.slp",
    ]
    assert left(found, tmp_path) == dict.fromkeys(
        ["in/1 again", "in/real/3 up", "in/2 out/4 back"], Reason.DUPLICATE
    )


def test_links_to_files_are_followed_and_links_to_nothing_are_named(tmp_path: Path):
    write(tmp_path, "a.slp")
    (tmp_path / "b.slp").symlink_to("a.slp")
    (tmp_path / "gone.slp").symlink_to("nowhere")
    (tmp_path / "disk").symlink_to("/not/mounted")
    (tmp_path / "self.zip").symlink_to("self.zip")
    found = listed(tmp_path)
    assert left(found, tmp_path) == dict.fromkeys(["gone.slp", "disk", "self.zip"], Reason.NOT_READ)
    assert left(listed(tmp_path / "gone.slp"), tmp_path) == {"gone.slp": Reason.NOT_READ}


@pytest.mark.timeout(30)
def test_pipes_and_sockets_are_named_and_not_waited_for(tmp_path: Path):
    kinds = ("a.slp", "b.zip", "c.tar.gz", "d.tar", "pipe")
    for name in kinds:
        os.mkfifo(tmp_path / name)
    (tmp_path / "e.slp").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "f.slp"))
    everything = dict.fromkeys([*kinds, "e.slp", "f.slp"], Reason.NOT_READ)
    assert left(listed(tmp_path), tmp_path) == everything
    assert left(listed(*(tmp_path / name for name in everything)), tmp_path) == everything
    assert left(listed("/dev/null"), Path("/dev")) == {"null": Reason.NOT_READ}


@pytest.mark.timeout(30)
def test_a_glob_ends_where_links_lead_in_a_circle(tmp_path: Path):
    """With two such links, glob.glob walks 2 to the 40 paths."""
    write(tmp_path, "in/a.slp", "in/deep/b.slp", "in/.hidden/c.slp")
    (tmp_path / "in/one").symlink_to(".")
    (tmp_path / "in/deep/two").symlink_to("..")
    found = names(listed(f"{tmp_path}/**/*.slp"), tmp_path)
    assert sorted(found) == ["in/a.slp", "in/deep/b.slp"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*/a.slp", ["x/a.slp", "y/a.slp"]),
        ("[xy]/*", ["x/a.slp", "x/b.slp.gz", "y/a.slp"]),
        ("x/?.slp", ["x/a.slp"]),
        ("**/.h/*.slp", ["y/.h/c.slp"]),
        ("x*", ["x/a.slp", "x/b.slp.gz"]),
        ("x/**", ["x/a.slp", "x/b.slp.gz"]),
        ("*/../y/a*", ["y/a.slp"]),
    ],
)
def test_globs_mean_what_they_mean_in_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, expected: list[str]
):
    write(tmp_path, "x/a.slp", "x/b.slp.gz", "y/a.slp", "y/.h/c.slp")
    monkeypatch.chdir(tmp_path)
    for each in (pattern, f"{tmp_path}/{pattern}"):
        found = {os.path.normpath(name) for name in names(listed(each), tmp_path)}
        assert sorted(found) == expected


def test_a_comma_in_a_path_divides_nothing(tmp_path: Path):
    write(tmp_path, "fox,marth/a,b.slp")
    assert names(listed(tmp_path / "fox,marth"), tmp_path) == ["fox,marth/a,b.slp"]


@pytest.mark.parametrize(
    "name", [b"\x83\x7d\x83\x8b\x83X.slp", b"a\n\x1b[2Jb.slp", b"x.zip!y.slp", b"a\\x1b.slp"]
)
def test_a_file_of_any_name_is_found_and_read_by_a_name_that_can_be_printed(tmp_path: Path, name: bytes):
    replay = record_match(1, num_frames=130)
    (tmp_path / os.fsdecode(name)).write_bytes(replay)
    (found,) = listed(tmp_path)
    assert isinstance(found, Found)
    assert found.locator.isprintable()
    assert read_source(found.locator) == replay


@pytest.mark.parametrize("outer", ["o.zip", "o.tar", "o.tar.gz"])
def test_a_member_of_any_name_is_found_and_read_by_a_name_that_can_be_printed(tmp_path: Path, outer: str):
    replay = record_match(1, num_frames=130)
    odd = ["a\x1b[2J\n.slp", "マルス.slp", "x.zip!y.slp", "a\\x1b.slp"]
    odd += [] if outer == "o.zip" else [os.fsdecode(b"\x83\x7d.slp")]
    if outer == "o.zip":
        with zipfile.ZipFile(tmp_path / outer, "w") as archive:
            for name in odd:
                archive.writestr(name, replay)
    else:
        with tarfile.open(tmp_path / outer, "w:gz" if outer.endswith("gz") else "w") as opened:
            for name in odd:
                member = tarfile.TarInfo(name)
                member.size = len(replay)
                opened.addfile(member, io.BytesIO(replay))
    found = listed(tmp_path)
    assert len(found) == len(odd)
    for one in found:
        assert isinstance(one, Found)
        assert one.locator.isprintable()
        assert read_source(one.locator) == replay
