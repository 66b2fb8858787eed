"""An error names what a machine lacks for mainline Dolphin, with the command that installs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.emulator import mainline_install
from workers.emulator.mainline import MainlineDolphin
from workers.errors import EnvironmentFailed


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(mainline_install.OVERRIDE, raising=False)


def program(path: Path, text: str = "#!/bin/sh\necho Dolphin 1.2\n") -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_without_dolphin_the_check_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mainline_install, "_FOLDERS", str(tmp_path / "games"))
    with pytest.raises(
        EnvironmentFailed, match=r"dolphin-emu-nogui is neither .* apt-get install dolphin-emu"
    ):
        MainlineDolphin().check()


def test_dolphin_is_found_where_debian_puts_games(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(mainline_install, "_FOLDERS", str(tmp_path))
    there = program(tmp_path / "dolphin-emu-nogui")
    assert mainline_install.find_program() == str(there)


def test_ones_own_dolphin_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(mainline_install.OVERRIDE, str(program(tmp_path / "mine")))
    assert mainline_install.find_program() == str(tmp_path / "mine")
    monkeypatch.setenv(mainline_install.OVERRIDE, str(tmp_path / "gone"))
    with pytest.raises(EnvironmentFailed, match=r"FARM_DOLPHIN names .*gone, which is no program"):
        mainline_install.find_program()


def test_without_a_vulkan_driver_the_check_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mainline_install, "_FOLDERS", str(tmp_path))
    program(tmp_path / "dolphin-emu-nogui")
    monkeypatch.setattr(mainline_install, "_ICD_FOLDERS", (tmp_path / "icd.d",))
    with pytest.raises(EnvironmentFailed, match=r"no software Vulkan driver.*icd\.d.*mesa-vulkan-drivers"):
        MainlineDolphin().check()


def test_a_driver_for_a_graphics_card_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mainline_install, "_ICD_FOLDERS", (tmp_path,))
    (tmp_path / "radeon_icd.x86_64.json").write_text("{}")
    with pytest.raises(EnvironmentFailed, match="no software Vulkan driver"):
        mainline_install.find_driver()
    (tmp_path / "lvp_icd.x86_64.json").write_text("{}")
    assert mainline_install.find_driver() == tmp_path / "lvp_icd.x86_64.json"


def test_without_setpriv_the_check_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EnvironmentFailed, match=r"setpriv .* apt-get install util-linux"):
        mainline_install.require_setpriv()


def test_the_version_is_what_the_program_says(tmp_path: Path):
    assert mainline_install.program_version(str(program(tmp_path / "dolphin"))) == "Dolphin 1.2"


def test_a_program_that_cannot_run_has_no_version(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match=r"--version failed"):
        mainline_install.program_version(str(tmp_path / "absent"))


def test_the_drivers_hash_is_the_librarys(tmp_path: Path):
    library = tmp_path / "libvulkan_lvp.so"
    library.write_bytes(b"one")
    description = tmp_path / "lvp_icd.json"
    description.write_text(f'{{"ICD": {{"library_path": "{library}"}}}}')
    first = mainline_install.driver_sha256(description)
    mainline_install.driver_sha256.cache_clear()
    library.write_bytes(b"other")
    assert mainline_install.driver_sha256(description) != first
    mainline_install.driver_sha256.cache_clear()


def test_the_fingerprint_names_all_that_decides_a_pixel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(mainline_install.OVERRIDE, str(program(tmp_path / "dolphin")))
    monkeypatch.setattr(mainline_install, "_ICD_FOLDERS", (tmp_path,))
    (tmp_path / "lvp_icd.json").write_text("{}")
    said = MainlineDolphin().fingerprint()
    assert sorted(said) == ["driver_sha256", "emulator", "settings_sha256", "vector_units"]
    assert said["emulator"] == "Dolphin 1.2"
