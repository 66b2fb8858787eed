"""A replay's bytes, wherever it lies; and nothing that only claims to be one."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay import source as replay_source
from workers.replay.source import member_names, read_source, stream_members

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
    assert list(member_names(archive)) == ["a.SLP", "b/one.slp", "c.slp.gz"]
    assert read_source(f"{archive}!b/one.slp") == REPLAY
    assert read_source(f"{archive}!c.slp.gz") == OTHER


def test_a_member_of_a_tar_is_read(tmp_path: Path):
    archive = make_tar(tmp_path / "games.tar", MEMBERS, "w")
    assert list(member_names(archive)) == ["a.SLP", "b/one.slp", "c.slp.gz"]
    assert read_source(f"{archive}!b/one.slp") == REPLAY
    assert read_source(f"{archive}!c.slp.gz") == OTHER


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz"])
def test_a_compressed_tar_is_read_member_after_member(tmp_path: Path, suffix: str):
    archive = make_tar(tmp_path / f"games{suffix}", MEMBERS, "w:gz")
    assert dict(stream_members(archive)) == {"b/one.slp": REPLAY, "a.SLP": OTHER, "c.slp.gz": OTHER}
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
    monkeypatch.setattr(replay_source, "MAX_REPLAY_BYTES", 1 << 20)
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
            list(member_names(tmp_path / name))
        assert caught.value.reason is Reason.UNREADABLE


def test_a_cut_zip_member_fails(tmp_path: Path):
    archive = make_zip(tmp_path / "games.zip", {"one.slp": REPLAY}, zipfile.ZIP_STORED)
    data = bytearray(archive.read_bytes())
    data[60] ^= 0xFF  # within the member: its checksum will not fit
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
