"""An archive with a program's folder is unpacked completely, and nothing is written outside of it."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workers.files.unpack as module
from workers.errors import EnvironmentFailed
from workers.files.unpack import is_archive, unpack


def tar_with(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for header, content in members:
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return path


def file(name: str, content: bytes = b"x", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    header = tarfile.TarInfo(name)
    header.mode = mode
    return header, content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, target
    return header, b""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in/here").mkdir(parents=True)
    return tmp_path / "in/here"


@pytest.mark.parametrize(("name", "mode"), [("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar", "w")])
def test_a_tar_comes_out_with_its_links_and_modes(tmp_path: Path, folder: Path, name: str, mode: str):
    members = (
        file("p/dolphin-emu", b"program", 0o755),
        file("p/Sys/GALE01.ini"),
        link("p/lib.so", "Sys/GALE01.ini"),
    )
    unpack(tar_with(tmp_path / name, *members, mode=mode), folder)
    assert (folder / "p/dolphin-emu").read_bytes() == b"program"
    assert stat.S_IMODE((folder / "p/dolphin-emu").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "p/Sys/GALE01.ini").stat().st_mode) == 0o644
    assert (folder / "p/lib.so").readlink() == Path("Sys/GALE01.ini")


def test_a_zip_comes_out(tmp_path: Path, folder: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("Sys/", "")
        archive.writestr("Sys/GALE01.ini", "settings")
    unpack(tmp_path / "a.zip", folder)
    assert (folder / "Sys/GALE01.ini").read_text() == "settings"


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ([file("../out")], "written outside"),
        ([file("/tmp/out")], "written outside"),
        ([file("a/../../out")], "written outside"),
        ([link("a", "/etc")], "leads out of its folder"),
        ([link("a", "../..")], "leads out of its folder"),
        ([file("d/e/f"), link("q", "d/e"), link("x", "q/../../../..")], "leads out of its folder"),
        ([file("a"), link("b", "a", tarfile.LNKTYPE)], "no file and no plain link"),
        ([link("a", "", tarfile.FIFOTYPE)], "no file and no plain link"),
        ([file("a"), file("a")], "holds 'a' twice"),
    ],
)
def test_what_would_not_stay_in_the_folder_is_refused(
    tmp_path: Path, folder: Path, members: list[tuple[tarfile.TarInfo, bytes]], match: str
):
    with pytest.raises(EnvironmentFailed, match=match):
        unpack(tar_with(tmp_path / "a.tar.gz", *members), folder)
    assert sorted(path.name for path in tmp_path.rglob("*") if not path.is_relative_to(folder)) == [
        "a.tar.gz",
        "in",
    ]


def test_a_link_of_the_archive_is_never_written_through(tmp_path: Path, folder: Path):
    members = link("out", ".."), file("out/file")
    with pytest.raises((EnvironmentFailed, OSError)):
        unpack(tar_with(tmp_path / "a.tar.gz", *members), folder)
    assert not (folder.parent / "file").exists()


def test_a_link_in_a_zip_is_bound_to_the_folder_too(tmp_path: Path, folder: Path):
    about = zipfile.ZipInfo("a")
    about.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(about, "/etc/passwd")
    with pytest.raises(EnvironmentFailed, match="leads out of its folder"):
        unpack(tmp_path / "a.zip", folder)


def test_more_bytes_or_files_than_a_program_has_are_refused(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "MAX_UNPACKED_BYTES", 1 << 20)
    bomb = tar_with(tmp_path / "a.tar.gz", file("a", bytes(2 << 20)))
    with pytest.raises(EnvironmentFailed, match="unpacks to more than 1 MiB"):
        unpack(bomb, folder)
    monkeypatch.setattr(module, "MAX_MEMBERS", 2)
    with pytest.raises(EnvironmentFailed, match="more than 2 files"):
        unpack(tar_with(tmp_path / "b.tar", *(file(str(number)) for number in range(3)), mode="w"), folder)


@pytest.mark.slow
@given(st.data())
def test_an_archive_that_is_cut_anywhere_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    root = tmp_path_factory.mktemp("cut")
    whole = tar_with(root / "a.tar.gz", file("a", b"0123456789" * 50), file("b", b"content")).read_bytes()
    (root / "cut.tar.gz").write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    (root / "out").mkdir()
    with pytest.raises(EnvironmentFailed, match="cannot be unpacked"):
        unpack(root / "cut.tar.gz", root / "out")


def test_only_known_archives_are_archives():
    assert is_archive(Path("playback.TAR.GZ"))
    assert not is_archive(Path("Slippi_Playback-x86_64.AppImage"))
    assert not is_archive(Path("dolphin-emu"))
