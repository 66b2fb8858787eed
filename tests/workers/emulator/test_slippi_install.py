"""The user's own playback Dolphin is found and made ready without a change to the user's files.

The "AppImages" and "programs" here are shell scripts that answer the two options that are used.
"""

from __future__ import annotations

import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.workers.emulator.slippi_doubles import use_fake_xvfb
from workers.emulator import slippi_install
from workers.emulator.slippi_install import (
    SlippiInstall,
    find_install,
    program_version,
    with_standin_title,
)
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "#!/bin/sh\necho 3.4.1\necho --slippi-input\nexit 255\n"


def make_folder(folder: Path, program: str = PROGRAM) -> Path:
    """Make an unpacked installation: dolphin-emu beside Sys."""
    (folder / "Sys" / "GameSettings").mkdir(parents=True)
    (folder / "Sys" / "GameSettings" / "GALE01r2.ini").write_text("[Core]\n")
    path = folder / "dolphin-emu"
    path.write_text(program)
    path.chmod(0o755)
    return path


def make_appimage(path: Path) -> Path:
    """Make a file that unpacks itself like an AppImage; like downloaded files, it is not executable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '#!/bin/sh\n[ "$1" = --appimage-extract ] || exit 9\n'
        "mkdir -p squashfs-root/usr/bin/Sys/GameSettings squashfs-root/usr/lib\n"
        f"printf '%s' '{PROGRAM}' > squashfs-root/usr/bin/dolphin-emu\n"
        "chmod +x squashfs-root/usr/bin/dolphin-emu\n"
    )
    path.chmod(0o644)
    return path


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SLIPPI_DOLPHIN", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    use_fake_xvfb(tmp_path / "bin", monkeypatch)
    (tmp_path / "home").mkdir()


def test_a_named_program_is_found(tmp_path: Path):
    program = make_folder(tmp_path / "slippi")
    assert find_install(program).program == program
    assert find_install(tmp_path / "slippi").program == program


def test_the_launchers_appimage_is_found_and_unpacked_once(tmp_path: Path):
    launcher = tmp_path / "home/.config/Slippi Launcher/playback"
    image = make_appimage(launcher / "Slippi_Playback-x86_64.AppImage")
    install = find_install()
    assert install.source == image
    assert install.program.is_relative_to(tmp_path / "home/.cache/dolphin-farm")
    assert install.sys_folder.is_dir()
    stamp = install.program.stat().st_mtime_ns
    assert find_install().program.stat().st_mtime_ns == stamp
    assert [path.name for path in launcher.iterdir()] == [image.name]


def test_the_environment_variable_comes_before_the_launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make_folder(tmp_path / "home/.config/Slippi Launcher/playback")
    mine = make_folder(tmp_path / "mine")
    monkeypatch.setenv("SLIPPI_DOLPHIN", str(mine))
    assert find_install().program == mine


def test_no_installation_fails_with_the_remedy():
    with pytest.raises(EnvironmentFailed, match=r"no Slippi playback Dolphin in .*install Slippi Launcher"):
        find_install()


def test_a_named_place_without_one_fails_even_if_the_launcher_has_one(tmp_path: Path):
    make_folder(tmp_path / "home/.config/Slippi Launcher/playback")
    with pytest.raises(EnvironmentFailed, match=r"nowhere"):
        find_install(tmp_path / "nowhere")


def test_a_program_without_its_data_fails(tmp_path: Path):
    program = tmp_path / "dolphin-emu"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    with pytest.raises(EnvironmentFailed, match=r"no Sys/GameSettings folder beside it"):
        find_install(program)


def test_a_broken_appimage_fails(tmp_path: Path):
    image = tmp_path / "Slippi_Playback-x86_64.AppImage"
    image.write_bytes(b"\x7fELF, or so it says")
    with pytest.raises(EnvironmentFailed, match=r"cannot be unpacked: it is no AppImage") as caught:
        find_install(image)
    assert ".cache" not in str(caught.value)
    assert list((tmp_path / "home/.cache/dolphin-farm").iterdir()) == []


def packed(folder: Path, archive: Path) -> Path:
    """Pack a folder into an archive of the kind that its name says."""
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)
    return archive


def test_an_archive_of_the_programs_folder_is_unpacked_once(tmp_path: Path):
    make_folder(tmp_path / "playback")
    archive = packed(tmp_path / "playback", tmp_path / "dolphin.tar.gz")
    install = find_install(archive)
    assert install.program.is_relative_to(tmp_path / "home/.cache/dolphin-farm")
    assert install.sys_folder.is_dir()
    inode = install.program.stat().st_ino
    assert find_install(archive).program.stat().st_ino == inode


def test_an_archive_as_the_releases_are_is_unpacked_down_to_its_program(tmp_path: Path):
    """The release is a .zip with an AppImage and Sys beside it, made where no file is executable."""
    image = make_appimage(tmp_path / "release/Slippi_Playback-x86_64.AppImage")
    image.write_text(image.read_text().replace("usr/bin/Sys/GameSettings", "usr/bin"))
    with zipfile.ZipFile(tmp_path / "playback-3.5.1-Linux.zip", "w") as archive:
        archive.write(image, image.name)
        archive.writestr("Sys/GameSettings/GALE01r2.ini", "[Core]\n")
    install = find_install(tmp_path / "playback-3.5.1-Linux.zip")
    assert (install.sys_folder / "GameSettings/GALE01r2.ini").is_file()
    assert program_version(install) == "3.4.1"


def test_an_archive_without_the_program_fails(tmp_path: Path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/readme").write_text("")
    with pytest.raises(EnvironmentFailed, match=r"holds no dolphin-emu and no Slippi_Playback AppImage"):
        find_install(packed(tmp_path / "other", tmp_path / "dolphin.tar.gz"))
    assert list((tmp_path / "home/.cache/dolphin-farm").iterdir()) == []


def test_an_appimage_without_the_program_leaves_nothing(tmp_path: Path):
    image = tmp_path / "Slippi_Playback-x86_64.AppImage"
    image.write_text("#!/bin/sh\nmkdir -p squashfs-root/usr/bin\n")
    with pytest.raises(EnvironmentFailed, match=r"64.AppImage holds no program that can be run"):
        find_install(image)
    assert list((tmp_path / "home/.cache/dolphin-farm").iterdir()) == []


def test_an_archive_that_is_cut_off_fails_and_leaves_nothing(tmp_path: Path):
    make_folder(tmp_path / "playback")
    archive = packed(tmp_path / "playback", tmp_path / "dolphin.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(EnvironmentFailed, match=r"cannot be unpacked: it is damaged, or cut off"):
        find_install(archive)
    assert list((tmp_path / "home/.cache/dolphin-farm").iterdir()) == []


def test_the_standin_boots_from_a_copy_and_the_original_stays(tmp_path: Path):
    install = find_install(make_folder(tmp_path / "slippi"))
    before = sorted(path for path in (tmp_path / "slippi").rglob("*"))
    copy = with_standin_title(install)
    assert (copy.sys_folder / "GameSettings/00000000.ini").is_file()
    assert (copy.sys_folder / "GameSettings/GALE01r2.ini").is_file()
    assert copy.program.read_bytes() == install.program.read_bytes()
    assert not copy.program.is_symlink()  # the program looks for its data beside its own real path
    assert with_standin_title(install) == copy
    assert sorted(path for path in (tmp_path / "slippi").rglob("*")) == before


def test_the_version_is_read_though_the_program_exits_with_255(tmp_path: Path):
    assert program_version(find_install(make_folder(tmp_path / "slippi"))) == "3.4.1"


def test_a_program_without_a_version_fails(tmp_path: Path):
    program = make_folder(tmp_path / "slippi", "#!/bin/sh\necho libgtk-3.so.0: not found >&2\nexit 127\n")
    with pytest.raises(EnvironmentFailed, match=r"gives no version; it said: libgtk-3.so.0: not found"):
        program_version(SlippiInstall(program, program))


def test_a_program_that_hangs_is_given_up_once_and_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program = make_folder(tmp_path / "slippi", f"#!/bin/sh\necho >> {tmp_path}/asked\nsleep 60\n")
    monkeypatch.setattr(slippi_install, "_ANSWER_SECONDS", 0.5)
    for _ in range(2):
        with pytest.raises(EnvironmentFailed, match=r"slippi/dolphin-emu --version did not answer within"):
            program_version(SlippiInstall(program, program))
    assert (tmp_path / "asked").read_text() == "\n"


@pytest.mark.parametrize("name", ["Faster Melee - Slippi (3.4.0)", "Slippi Netplay 3.4.0"])
def test_the_netplay_build_is_named_with_the_remedy_and_the_users_own_path(tmp_path: Path, name: str):
    program = make_folder(tmp_path / "slippi", f"#!/bin/sh\necho '{name}'\n")
    with pytest.raises(EnvironmentFailed, match=r"mine.AppImage --version .* this is the netplay build"):
        program_version(SlippiInstall(program, tmp_path / "mine.AppImage"))


def test_no_copy_is_made_of_a_program_that_is_refused(tmp_path: Path):
    install = find_install(make_folder(tmp_path / "slippi", "#!/bin/sh\necho no version\n"))
    with pytest.raises(EnvironmentFailed, match=r"gives no version"):
        with_standin_title(install)
    assert not (tmp_path / "home/.cache").exists()
