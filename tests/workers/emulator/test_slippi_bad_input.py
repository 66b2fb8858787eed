"""Wrong programs, libraries, drivers and outputs in a play of Slippi's Dolphin each give a clear error."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from manifests.ledger.reasons import Reason
from tests.contracts.footprint import child_processes
from tests.workers.emulator.slippi_doubles import (
    needs_compiler,
    script_of,
    scripted_slippi,
    showing_slippi,
    use_fake_xvfb,
)
from workers.emulator import drawing_here
from workers.emulator import slippi as driver
from workers.emulator.contract import BootImage, Deadlines
from workers.emulator.drawing import Drawing
from workers.emulator.slippi import SlippiDolphin
from workers.errors import EmulatorFailed, EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path


PATIENT = Deadlines(startup_seconds=60.0, progress_seconds=30.0, total_seconds=120.0)
NVIDIA = "NVIDIA H200/PCIe/SSE2, OpenGL 4.6.0"
HALF = r"killed by SIGKILL.*slp_frame -122 of -122 asked for"
ANOTHER_MACHINE = 183  # aarch64's number in ELF


@pytest.fixture
def _display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake display for programs that draw nothing."""
    use_fake_xvfb(tmp_path / "bin", monkeypatch)


def elf_of_another_machine(path: Path, kind: int) -> Path:
    """A file that begins like a program (kind 2) or library (kind 3) for another kind of machine."""
    head = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    path.write_bytes(head + struct.pack("<HHI", kind, ANOTHER_MACHINE, 1) + bytes(100))
    path.chmod(0o755)
    return path


def installed(folder: Path, script: str) -> SlippiDolphin:
    """Install another program in the place of a playback Dolphin."""
    (folder / "Sys/GameSettings").mkdir(parents=True)
    (folder / "Sys/GameSettings/00000000.ini").write_text("")
    program = folder / "dolphin-emu"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return replace(scripted_slippi(folder / "other"), program=program)


def play(emulator: SlippiDolphin, folder: Path, replay: bytes = b"any", num_frames: int = 3) -> None:
    with emulator.play(BootImage(replay, num_frames), folder, PATIENT) as events:
        for _ in events:
            pass


@pytest.mark.usefixtures("_display")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("[ $1 = --version ] && echo 3.4.0; exit 255", "cannot play replays: this is the netplay build"),
        ("[ $1 = --version ] && echo 4.0.0-mainline-beta.9; exit 0", "built on mainline Dolphin"),
        ("exit 0", "gives no version; it said: nothing"),
        ("echo 'libgtk-x11-2.0.so.0: cannot open shared object file' >&2; exit 127", "it said: libgtk-x11"),
    ],
)
def test_a_program_that_is_no_playback_dolphin_is_refused_before_it_plays(
    tmp_path: Path, script: str, words: str
):
    with pytest.raises(EnvironmentFailed, match=words):
        installed(tmp_path / "slippi", script).check()


@pytest.mark.usefixtures("_display")
def test_a_program_of_another_machine_is_refused(tmp_path: Path):
    emulator = installed(tmp_path / "slippi", "")
    assert emulator.program is not None
    elf_of_another_machine(emulator.program, kind=2)
    with pytest.raises(EnvironmentFailed, match=r"cannot be started: .*Exec format error"):
        emulator.check()


@pytest.mark.usefixtures("_display")
def test_a_game_that_is_a_folder_is_called_one(tmp_path: Path):
    emulator = installed(tmp_path / "slippi", "echo 3.4.0; echo --slippi-input; exit 255")
    (tmp_path / "games").mkdir()
    with pytest.raises(EnvironmentFailed, match=r"--game-image names a folder; give the disc image itself"):
        replace(emulator, game=tmp_path / "games").check()


@pytest.fixture(scope="module")
def double_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("double")


@pytest.mark.slow
@needs_compiler
def test_a_library_of_another_machine_is_told(
    double_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    library = elf_of_another_machine(tmp_path / "library.so", kind=3)
    monkeypatch.setattr("workers.emulator.channel_frames.LIBRARY", library)
    monkeypatch.setattr("workers.emulator.channel_frames._FIRST_SECONDS", 1.0)
    with pytest.raises(EnvironmentFailed, match="the frame channel does not take"):
        play(showing_slippi(double_folder, "channel"), tmp_path, "\n".join(script_of(3)).encode())


def half_lines(script: list[str]) -> list[str]:
    # The half line says that the frame after the last was asked for, which would mean that the game is over.
    return [*script, "half [CURRENT_FRAME] -121"]


@pytest.mark.slow
@needs_compiler
def test_half_a_line_is_never_taken_for_a_whole_one_on_the_channel(double_folder: Path, tmp_path: Path):
    script = "\n".join([*half_lines(script_of(2)[:-1]), "end -9"]).encode()
    with pytest.raises(EmulatorFailed, match=HALF):
        play(showing_slippi(double_folder, "channel"), tmp_path, script, 2)


@pytest.mark.slow
@pytest.mark.usefixtures("_display")
def test_half_a_line_is_never_taken_for_a_whole_one_in_the_output(tmp_path: Path):
    recording = tmp_path / "half.txt"
    said = [line.removeprefix("said ") for line in script_of(2)[:-1] if line.startswith("said")]
    recording.write_text("\n".join([*half_lines([f"said {line}" for line in said]), "ended -9", ""]))
    with pytest.raises(EmulatorFailed, match=HALF):
        play(scripted_slippi(tmp_path / "slippi", recording), tmp_path, num_frames=2)


@pytest.fixture
def crashing(_display: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SlippiDolphin:
    """An emulator on a GPU that crashes at once, as one does whose driver is gone."""
    recording = tmp_path / "crash.txt"
    recording.write_text("ended -11\n")
    gpu = Drawing(NVIDIA, "nvidia", {}, "by the way 'nvidia'")
    monkeypatch.setattr(driver, "drawing_here", lambda _choice: gpu)
    return scripted_slippi(tmp_path / "slippi", recording)


@pytest.mark.slow
def test_a_gpu_that_died_under_the_emulator_is_the_machines_fault(
    crashing: SlippiDolphin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(drawing_here, "renderer_with", lambda _variables: "llvmpipe (LLVM 15.0.6, 256 bits)")
    before = set(child_processes())  # children of other tests, such as the S3 server
    with pytest.raises(EnvironmentFailed, match=r"the GPU that drew here, NVIDIA H200.* no longer"):
        play(crashing, tmp_path)
    assert not set(child_processes()) - before


@pytest.mark.slow
def test_a_crash_on_a_gpu_that_still_draws_sets_the_game_aside(
    crashing: SlippiDolphin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(drawing_here, "renderer_with", lambda _variables: NVIDIA)
    with pytest.raises(EmulatorFailed, match="killed by SIGSEGV before it showed anything") as failure:
        play(crashing, tmp_path)
    assert failure.value.reason is Reason.EMULATOR_EXIT
