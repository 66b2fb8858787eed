"""`farm doctor` says what a machine lacks and how to get it, and never raises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from farm.commands.doctor import command
from farm.machine import doctor
from farm.machine.doctor import Finding, examine, is_ready
from farm.machine.doctor_slippi import game, playback_dolphin
from workers.emulator import disc_image
from workers.errors import EnvironmentFailed


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing installed: no program on PATH, an empty home."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SLIPPI_DOLPHIN", raising=False)
    return tmp_path


def findings_of(*arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    result = CliRunner().invoke(command, [*arguments, "--json"])
    return result.exit_code, {finding["name"]: finding for finding in json.loads(result.output)}


def test_a_bare_machine_is_told_every_remedy_for_slippi(bare_machine: Path):
    status, found = findings_of("--emulator", "slippi", "--scratch", str(bare_machine))
    assert status == 2
    assert "Slippi Launcher" in found["playback Dolphin"]["remedy"]
    assert "--game-image" in found["game image"]["remedy"]
    assert found["display"]["remedy"] == "apt-get install xvfb"
    assert found["first pictures"]["detail"] == "not tried: see above"
    assert all(bool(finding["remedy"]) == (finding["outcome"] != "ok") for finding in found.values())


def test_a_bare_machine_is_told_every_remedy_for_the_standin(bare_machine: Path):
    status, found = findings_of("--scratch", str(bare_machine))
    assert status == 2
    assert found["Dolphin"]["outcome"] == "failed"
    assert found["Dolphin"]["remedy"] == "docker/system-packages render"
    assert found["encoder"]["outcome"] == found["loopback port"]["outcome"] == "ok"


def test_the_table_has_each_remedy_under_its_line(bare_machine: Path):
    result = CliRunner().invoke(command, ["--emulator", "slippi", "--scratch", str(bare_machine)])
    lines = result.output.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("failed") and "display" in line)
    assert "-> apt-get install xvfb" in lines[at + 1]
    assert lines[-1].endswith("stand in the way of --emulator slippi.")


def iso(folder: Path, *, revision: int = 2) -> Path:
    """A disc image with Melee's header but without the game."""
    path = folder / "game.iso"
    path.write_bytes(b"GALE01" + bytes([0, revision]) + bytes(20) + b"\xc2\x33\x9f\x3d" + bytes(5000))
    return path


def test_the_right_disc_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = iso(tmp_path)
    monkeypatch.setattr(disc_image, "MELEE_SHA1", disc_image.disc_sha1(path, "ISO"))
    assert game(str(path)).outcome == "ok"


def test_a_modified_disc_is_looked_at_and_not_refused(tmp_path: Path):
    finding = game(str(iso(tmp_path)))
    assert finding.outcome == "warning"
    assert "is not the original's" in finding.detail


@pytest.mark.parametrize("revision", [0, 1])
def test_another_revision_fails(tmp_path: Path, revision: int):
    finding = game(str(iso(tmp_path, revision=revision)))
    assert finding.outcome == "failed"
    assert f"GALE01 revision {revision} is not Melee NTSC 1.02" in finding.detail


def test_a_container_that_slippi_cannot_open_fails_with_the_conversion(tmp_path: Path):
    path = tmp_path / "melee.rvz"
    path.write_bytes(b"RVZ\x01" + bytes(0x54) + iso(tmp_path).read_bytes())
    finding = game(str(path))
    assert finding.outcome == "failed"
    assert finding.remedy == "dolphin-tool convert -i melee.rvz -o melee.iso -f iso"


def test_our_own_game_needs_no_disc():
    assert game("standin").outcome == "ok"


def test_a_netplay_build_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("workers.emulator.slippi_install._answer", lambda program, option: "3.4.0\n")
    (tmp_path / "Sys/GameSettings").mkdir(parents=True)
    program = tmp_path / "dolphin-emu"
    program.write_text("")
    program.chmod(0o755)
    finding = playback_dolphin(program)
    assert finding.outcome == "failed"
    assert "netplay build" in finding.remedy


@pytest.mark.parametrize(
    ("version", "outcome", "words"),
    [
        ("3.1.0", "ok", "tried here"),
        ("3.5.2", "ok", "known by its source"),
        ("3.9.0", "warning", "of which something is known"),
        ("4.0.0-mainline-beta.1", "failed", "built on mainline Dolphin"),
    ],
)
def test_what_is_known_of_the_version_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, outcome: str, words: str
):
    answer = f"{version}\n-i, --slippi-input=<str>\n"
    monkeypatch.setattr("workers.emulator.slippi_install._answer", lambda program, option: answer)
    (tmp_path / "Sys/GameSettings").mkdir(parents=True)
    program = tmp_path / "dolphin-emu"
    program.write_text("")
    program.chmod(0o755)
    finding = playback_dolphin(program)
    assert finding.outcome == outcome
    assert words in finding.detail


def test_too_little_memory_fails_with_the_number_that_fits():
    finding = doctor.memory(num_workers=100_000, bytes_per_worker=1 << 30)
    assert finding.outcome == "failed"
    assert finding.remedy.startswith("use --slots ")


def test_more_workers_than_cores_is_a_warning():
    assert doctor.processors(10_000).outcome == "warning"
    assert doctor.processors(1).outcome == "ok"


def test_a_scratch_folder_that_is_not_there_fails(tmp_path: Path):
    assert doctor.disk(tmp_path / "absent").outcome == "failed"


def test_only_a_failure_stands_in_the_way():
    fine, look, bad = (
        Finding("a", "ok", "x"),
        Finding("b", "warning", "x", "y"),
        Finding("c", "failed", "x", "y"),
    )
    assert is_ready(examine([lambda: fine, lambda: look]))
    assert not is_ready(examine([lambda: fine, lambda: bad]))


def test_trouble_without_a_remedy_cannot_be_said():
    with pytest.raises(ValueError, match="remedy exactly if it is not ok"):
        Finding("a", "failed", "x")
    with pytest.raises(ValueError, match="remedy exactly if it is not ok"):
        Finding("a", "ok", "x", "y")


def test_an_errors_own_remedy_is_not_said_twice():
    def look() -> str:
        message = "no such thing; install it"
        raise EnvironmentFailed(message)

    assert doctor.attempt("thing", look, "apt-get install thing").detail == "no such thing"
