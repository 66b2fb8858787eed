"""A replay's bytes are read from a file or any archive, and files that only claim to be replays are not."""

from __future__ import annotations

import gzip
import io
import os
import socket
import tarfile
import tracemalloc
import warnings
import zipfile
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay import content as replay_content
from workers.replay.locator import NameKind, nested_locator
from workers.replay.source import FileUnread, archive_members, read_source
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

REPLAY = b"{U\x03raw[$U#l" + bytes(range(256)) * 20
OTHER = b"{U\x03raw[$U#l" + b"other" * 500


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


def make_zip(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, members: dict[str, bytes], mode: str) -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def replay_names(archive: Path) -> list[str]:
    return [member.name for member in archive_members(archive) if member.kind is NameKind.REPLAY]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.slp", REPLAY),
        ("a.slp.gz", gzip.compress(REPLAY)),
        ("a.slp.zst", zstd(REPLAY)),
        ("no suffix", REPLAY),
    ],
)
def test_a_file_is_read(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    assert read_source(str(tmp_path / name)) == REPLAY


MEMBERS = {"b/one.slp": REPLAY, "a.SLP": OTHER, "c.slp.gz": gzip.compress(OTHER), "readme.txt": b"no replay"}


def test_a_member_of_a_zip_is_read(tmp_path: Path):
    archive = make_zip(tmp_path / "games.zip", MEMBERS)
    assert replay_names(archive) == ["a.SLP", "b/one.slp", "c.slp.gz"]
    assert read_source(f"{archive}!b/one.slp") == REPLAY
    assert read_source(f"{archive}!c.slp.gz") == OTHER


def test_a_member_of_a_tar_is_read(tmp_path: Path):
    archive = make_tar(tmp_path / "games.tar", MEMBERS, "w")
    assert replay_names(archive) == ["a.SLP", "b/one.slp", "c.slp.gz"]
    assert read_source(f"{archive}!b/one.slp") == REPLAY
    assert read_source(f"{archive}!c.slp.gz") == OTHER


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz"])
def test_a_compressed_tar_is_read_member_after_member(tmp_path: Path, suffix: str):
    archive = make_tar(tmp_path / f"games{suffix}", MEMBERS, "w:gz")
    contents = {member.name: member.content for member in archive_members(archive)}
    assert contents == {"b/one.slp": REPLAY, "a.SLP": OTHER, "c.slp.gz": OTHER, "readme.txt": None}
    assert read_source(f"{archive}!a.SLP") == OTHER


def test_an_archive_that_changed_is_read_anew(tmp_path: Path):
    archive = make_zip(tmp_path / "games.zip", {"one.slp": REPLAY})
    assert read_source(f"{archive}!one.slp") == REPLAY
    make_zip(archive, {"two.slp": REPLAY, "one.slp": OTHER})
    assert read_source(f"{archive}!one.slp") == OTHER


@pytest.mark.parametrize("content", [b"", b"{U", b"\x89PNG\r\n\x1a\n" + bytes(100), b"<html>"])
@pytest.mark.parametrize("suffix", [".slp", ".slp.gz", ".slp.zst"])
def test_what_is_no_replay_fails(tmp_path: Path, content: bytes, suffix: str):
    path = tmp_path / f"picture{suffix}"
    path.write_bytes({".slp": content, ".slp.gz": gzip.compress(content), ".slp.zst": zstd(content)}[suffix])
    with pytest.raises(ReplayRefused) as caught:
        read_source(str(path))
    assert caught.value.reason in {Reason.NOT_SLP, Reason.UNREADABLE}
    assert str(tmp_path) not in caught.value.detail


@pytest.mark.parametrize("suffix", [".slp.gz", ".slp.zst"])
@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "flipped"])
def test_broken_compression_fails(tmp_path: Path, suffix: str, damage: str):
    if (suffix, damage) == (".slp.zst", "flipped"):
        pytest.skip("a .zst need not carry a checksum; the reader then sees the damage, or nobody does")
    whole = gzip.compress(REPLAY) if suffix == ".slp.gz" else zstd(REPLAY)
    flipped = whole[:30] + bytes([whole[30] ^ 0xFF]) + whole[31:]
    content = {"cut": whole[:-20], "garbage": b"garbage" * 9, "empty": b"", "flipped": flipped}[damage]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(ReplayRefused) as caught:
        read_source(str(path))
    assert caught.value.reason in {Reason.NOT_SLP, Reason.UNREADABLE}


@pytest.mark.parametrize("kind", ["gz", "zst", "zip", "tar.gz"])
def test_a_bomb_is_not_expanded(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replay_content, "MAX_REPLAY_BYTES", 1 << 20)
    bomb = b"{U\x03raw[$U#l" + bytes(40 << 20)
    path = tmp_path / f"bomb.{kind}"
    if kind == "zip":
        locator = f"{make_zip(path, {'bomb.slp': bomb})}!bomb.slp"
    elif kind == "tar.gz":
        locator = f"{make_tar(path, {'bomb.slp': bomb}, 'w:gz')}!bomb.slp"
    else:
        path = tmp_path / f"bomb.slp.{kind}"
        path.write_bytes(gzip.compress(bomb) if kind == "gz" else zstd(bomb))
        locator = str(path)
    tracemalloc.start()
    with pytest.raises(ReplayRefused, match="no game is that long") as caught:
        read_source(locator)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.reason is Reason.UNREADABLE
    assert peak < (40 << 20 if kind == "tar.gz" else 8 << 20)  # tarfile inflates 10 kB at once, here to 10 MB


@pytest.mark.slow
def test_a_bomb_that_is_no_replay_is_not_even_begun(tmp_path: Path):
    path = tmp_path / "zeros.slp.gz"
    path.write_bytes(gzip.compress(bytes(100 << 20)))
    with pytest.raises(ReplayRefused, match=r"not a \.slp"):
        read_source(str(path))


@pytest.mark.parametrize("name", ["games.zip", "games.tar", "games.tar.gz"])
@pytest.mark.parametrize(
    "content", [b"", b"not an archive at all", b"PK\x03\x04" + bytes(100), b"\x1f\x8b\x08" + bytes(50)]
)
def test_a_broken_archive_fails(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises((ReplayRefused, EnvironmentFailed)):
        read_source(f"{tmp_path / name}!one.slp")
    if name != "games.tar.gz" and content:
        with pytest.raises(ReplayRefused) as caught:
            list(archive_members(tmp_path / name))
        assert caught.value.reason is Reason.UNREADABLE


def test_a_cut_zip_member_fails(tmp_path: Path):
    archive = make_zip(tmp_path / "games.zip", {"one.slp": REPLAY}, zipfile.ZIP_STORED)
    data = bytearray(archive.read_bytes())
    data[60] ^= 0xFF  # within the member, so that its checksum does not fit
    archive.write_bytes(data)
    with pytest.raises(ReplayRefused, match="cannot be read"):
        read_source(f"{archive}!one.slp")


@pytest.mark.parametrize("locator", ["/nowhere/game.slp", "/nowhere/games.zip!game.slp"])
def test_a_replay_that_is_not_there_is_no_fault_of_the_replay(locator: str):
    with pytest.raises(EnvironmentFailed, match="put it back, or plan anew"):
        read_source(locator)


@pytest.mark.parametrize(("name", "mode"), [("g.tar", "w"), ("g.tar.gz", "w:gz"), ("g.zip", "")])
def test_a_member_that_is_not_there_any_more_fails(tmp_path: Path, name: str, mode: str):
    path = tmp_path / name
    make_tar(path, MEMBERS, mode) if mode else make_zip(path, MEMBERS)
    with pytest.raises(EnvironmentFailed, match="no member"):
        read_source(f"{path}!gone.slp")


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def twice_named(path: Path) -> Path:
    """Make an archive with two members of the same name."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the warning that this name exists already
            for data in (REPLAY, OTHER):
                archive.writestr("a.slp", data)
        return path
    with tarfile.open(path, "w:gz" if path.suffix in {".gz", ".tgz"} else "w") as opened:
        for data in (REPLAY, OTHER):
            add(opened, "a.slp", data)
    return path


@pytest.mark.parametrize("name", ["g.zip", "g.tar", "g.tar.gz", "g.tgz"])
def test_two_members_of_one_name_are_two_replays(tmp_path: Path, name: str):
    archive = twice_named(tmp_path / name)
    locators = [nested_locator(str(archive), member.steps) for member in archive_members(archive)]
    assert locators == [f"{archive}!a.slp", f"{archive}!a.slp:2"]
    assert [read_source(locator) for locator in locators] == [REPLAY, OTHER]
    with pytest.raises(EnvironmentFailed, match=r"no member 'a.slp, number 3'"):
        read_source(f"{archive}!a.slp:3")


@pytest.mark.parametrize(("name", "mode"), [("g.tar", "w"), ("g.tar.gz", "w:gz")])
@pytest.mark.parametrize("cut", [1100, 1200, 1024])
def test_an_archive_that_ends_too_soon_is_not_taken_for_whole(tmp_path: Path, name: str, mode: str, cut: int):
    """The archive ends in a header, in the next one, or before its end mark, where tarfile stops silently."""
    path = make_tar(tmp_path / "whole.tar", {"a.slp": REPLAY, "b.slp": b""}, "w")
    whole = path.read_bytes()
    end_of_first = 512 + -(-len(REPLAY) // 512) * 512
    cut_off = whole[: end_of_first + cut - 1024]
    assert REPLAY in cut_off
    broken = tmp_path / name
    broken.write_bytes(gzip.compress(cut_off) if mode == "w:gz" else cut_off)
    members = archive_members(broken)
    assert next(members).name == "a.slp"
    with pytest.raises(ReplayRefused, match=r"not a whole \.tar") as caught:
        list(members)
    assert caught.value.reason is Reason.UNREADABLE
    assert read_source(f"{broken}!a.slp") == REPLAY


@pytest.mark.parametrize("name", ["g.tar", "g.tar.gz"])
def test_a_damaged_header_is_not_the_end_of_an_archive(tmp_path: Path, name: str):
    data = bytearray(make_tar(tmp_path / "whole.tar", {"a.slp": REPLAY, "b.slp": OTHER}, "w").read_bytes())
    data[512 + -(-len(REPLAY) // 512) * 512 + 150] ^= 0xFF  # the checksum of the second header
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    with pytest.raises(ReplayRefused, match=r"not a whole \.tar"):
        list(archive_members(path))


def test_a_second_archive_behind_the_first_is_not_passed_over(tmp_path: Path):
    one = make_tar(tmp_path / "one.tar.gz", {"a.slp": REPLAY}, "w:gz").read_bytes()
    two = make_tar(tmp_path / "two.tar.gz", {"b.slp": OTHER}, "w:gz").read_bytes()
    (tmp_path / "both.tgz").write_bytes(one + two)
    with pytest.raises(ReplayRefused, match="more behind the mark of its end"):
        list(archive_members(tmp_path / "both.tgz"))


def test_a_packed_archive_without_its_checksum_is_not_whole(tmp_path: Path):
    path = make_tar(tmp_path / "a.tgz", {"a.slp": REPLAY}, "w:gz")
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(ReplayRefused, match=r"not a whole \.tgz"):
        list(archive_members(path))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
@pytest.mark.parametrize("name", ["g.tar", "g.tar.gz"])
def test_a_header_of_many_bytes_is_not_held(tmp_path: Path, kind: bytes, name: str):
    header = tarfile.TarInfo("long")
    header.type, header.size = kind, 64 << 20
    data = header.tobuf(tarfile.GNU_FORMAT) + bytes(64 << 20)
    (tmp_path / name).write_bytes(gzip.compress(data, 1) if name.endswith("gz") else data)
    tracemalloc.start()
    with pytest.raises(ReplayRefused, match="a header claims"):
        list(archive_members(tmp_path / name))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("name", ["g.tar", "g.tar.gz"])
def test_a_member_without_bytes_of_its_own_is_named(tmp_path: Path, name: str):
    with tarfile.open(tmp_path / name, "w:gz" if name.endswith("gz") else "w") as archive:
        add(archive, "a.slp", REPLAY)
        for kind in (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo(f"{kind.decode()}.slp")
            member.type, member.linkname = kind, "a.slp"
            archive.addfile(member)
    refused = [one.content for one in archive_members(tmp_path / name) if one.name != "a.slp"]
    assert [one.reason for one in refused if isinstance(one, ReplayRefused)] == [Reason.NOT_READ] * 3


@pytest.mark.parametrize("kind", ["fifo", "socket", "folder"])
@pytest.mark.parametrize("locator", ["{}", "{}!a.slp"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str, locator: str):
    path = tmp_path / "g.zip"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    else:
        path.mkdir()
    with pytest.raises(
        FileUnread, match=f"it is a {kind.upper() if kind == 'fifo' else kind}, not a file"
    ) as unread:
        read_source(locator.format(path))
    assert str(unread.value).endswith("name a replay in it") == (kind == "folder")


def test_a_damaged_member_of_a_zip_is_refused_without_its_name(tmp_path: Path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("SECR#123.slp", record_match(3, num_frames=130))
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(bytes(data))
    with pytest.raises(ReplayRefused) as refused:
        read_source(f"{archive}!SECR#123.slp")
    assert "SECR" not in refused.value.detail
    assert "damaged" in refused.value.detail
