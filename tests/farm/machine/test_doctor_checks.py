"""Each check of `farm doctor`, on a machine that lacks exactly what it checks, and on this one."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections import namedtuple
from typing import TYPE_CHECKING, Any

import pytest

from farm.machine import doctor, doctor_slippi, doctor_standin
from farm.machine.doctor import Finding
from workers.emulator import drawing_here
from workers.emulator.drawing import Hardware
from workers.errors import EnvironmentFailed, RenderFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workers.emulator.drawing import RendererChoice

Version = namedtuple("Version", "major minor micro releaselevel serial")  # noqa: PYI024 - as sys has it


@pytest.mark.parametrize(
    ("version", "outcome"), [((3, 10, 9), "failed"), ((3, 11, 0), "ok"), ((3, 13, 1), "ok")]
)
def test_python_must_be_new_enough(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], outcome: str
):
    monkeypatch.setattr(sys, "version_info", Version(*version, "final", 0))
    finding = doctor.python()
    assert (finding.outcome, finding.detail) == (outcome, ".".join(map(str, version)))


def test_a_folder_without_room_fails_with_how_much_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "MIN_SCRATCH_BYTES", 1 << 60)
    finding = doctor.disk(tmp_path)
    assert (finding.outcome, finding.remedy) == (
        "failed",
        "free some, or give another folder with --scratch DIR",
    )
    assert finding.detail.endswith(f"GiB free in {tmp_path}")


def test_a_folder_with_room_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "MIN_SCRATCH_BYTES", 1)
    assert doctor.disk(tmp_path).outcome == "ok"


def test_memory_that_suffices_passes_and_says_what_is_needed():
    finding = doctor.memory(num_workers=1, bytes_per_worker=1 << 20)
    assert finding.outcome == "ok"
    assert finding.detail.endswith("0.0 GiB for 1 workers of 0.0 GiB")


def test_what_fits_is_never_said_to_be_none():
    finding = doctor.memory(num_workers=1, bytes_per_worker=1 << 60)
    assert finding.remedy == "use --slots 1, or a machine with more memory"


def test_without_a_tmpfs_pictures_go_to_disk_which_is_worth_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(doctor, "SHARED_MEMORY", tmp_path / "absent")
    finding = doctor.shared_memory(2)
    assert finding.outcome == "warning"
    assert "go to the scratch disk" in finding.detail
    assert finding.remedy.startswith("docker run --shm-size=")


def test_a_tmpfs_that_is_too_small_is_worth_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(doctor, "SHARED_MEMORY", tmp_path)
    assert doctor.shared_memory(1 << 40).outcome == "warning"
    monkeypatch.setattr(doctor, "NEEDED_BYTES", 1)
    assert doctor.shared_memory(1).outcome == "ok"


def test_a_machine_that_opens_no_port_is_told_how_to(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    monkeypatch.setattr(socket, "create_server", refuse)
    finding = doctor.loopback()
    assert (finding.outcome, finding.detail) == ("failed", "127.0.0.1: Cannot assign requested address")
    assert finding.remedy.endswith("ip link set lo up")


def test_this_machine_opens_a_port_and_closes_it_again():
    finding = doctor.loopback()
    assert finding.outcome == "ok"
    port = int(finding.detail.rsplit(" ", 1)[1])
    socket.create_server(("127.0.0.1", port)).close()


def test_checks_are_made_in_order_and_each_once():
    made: list[str] = []

    def check(name: str) -> Finding:
        made.append(name)
        return Finding(name, "ok", "")

    found = doctor.examine([lambda: check("a"), lambda: check("b")])
    assert made == [finding.name for finding in found] == ["a", "b"]


def test_this_installation_can_encode():
    finding = doctor_standin.encoder()
    assert finding.outcome == "ok"
    assert finding.detail.startswith("one 640x480 picture is ")


def test_an_installation_that_cannot_encode_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any) -> None:
        message = "no libx264 in this PyAV"
        raise RenderFailed(None, message)  # type: ignore[arg-type]

    monkeypatch.setattr(doctor_standin, "ChunkEncoder", refuse)
    finding = doctor_standin.encoder()
    assert finding.outcome == "failed"
    assert "no libx264" in finding.detail
    assert finding.remedy == "pip install 'dolphin-farm[render]'"


def test_our_games_image_is_in_this_installation():
    finding = doctor_standin.standin_game()
    assert finding.outcome == "ok"
    assert len(finding.detail.removeprefix("sha256 ")) == 12


def test_a_headless_dolphin_that_is_not_there_is_told_how_to_get(monkeypatch: pytest.MonkeyPatch):
    def absent(_self: object) -> None:
        message = "no dolphin-emu-nogui on PATH; install it"
        raise EnvironmentFailed(message)

    monkeypatch.setattr(doctor_standin.MainlineDolphin, "check", absent)
    finding = doctor_standin.headless_dolphin()
    assert (finding.detail, finding.remedy) == (
        "no dolphin-emu-nogui on PATH",
        "docker/system-packages render",
    )


def program(folder: Path, name: str, text: str) -> Path:
    """Makes a program on a PATH that has nothing else."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_fonts_are_counted(bare_path: Path):
    program(bare_path, "fc-list", "echo one.ttf: One\necho two.ttf: Two")
    assert doctor_slippi.fonts() == Finding("fonts", "ok", "2")


def test_no_font_is_worth_a_look(bare_path: Path):
    program(bare_path, "fc-list", "exit 0")
    finding = doctor_slippi.fonts()
    assert (finding.outcome, finding.detail) == ("warning", "none")
    assert "fonts-dejavu-core" in finding.remedy


@pytest.mark.usefixtures("bare_path")
def test_fonts_that_cannot_be_counted_are_worth_a_look():
    assert doctor_slippi.fonts().detail == "no fc-list, so they cannot be counted"


@pytest.mark.usefixtures("bare_path")
def test_without_a_display_opengl_is_not_tried():
    finding = doctor_slippi.opengl()
    assert (finding.outcome, finding.detail) == ("failed", "not tried: no display")


NVIDIA = "NVIDIA H200/PCIe/SSE2, OpenGL 4.6.0"
LLVMPIPE = "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5"
POD = Hardware(has_nvidia=True, cards=("/dev/nvidia0",))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Hardware, str], None]]:
    """Makes this machine seem to have other hardware, on which the named driver always draws."""

    def has(hardware: Hardware, draws: str) -> None:
        drawing_here.drawing_here.cache_clear()
        monkeypatch.setattr(doctor_slippi, "display", lambda: Finding("display", "ok", "Xvfb"))
        for module in (drawing_here, doctor_slippi):
            monkeypatch.setattr(module, "hardware_here", lambda: hardware)
        monkeypatch.setattr(drawing_here, "renderer_with", lambda _variables: draws)

    yield has
    drawing_here.drawing_here.cache_clear()


def test_a_gpu_that_draws_is_named_with_its_way(machine: Callable[[Hardware, str], None]):
    machine(POD, NVIDIA)
    finding = doctor_slippi.opengl("gpu", 4)
    assert finding.outcome == "ok"
    assert "NVIDIA H200" in finding.detail
    assert "a GPU draws" in finding.detail


def test_llvmpipe_is_not_called_a_gpu(machine: Callable[[Hardware, str], None]):
    machine(POD, LLVMPIPE)
    finding = doctor_slippi.opengl("gpu", 4)
    assert finding.outcome == "failed"
    assert "no GPU draws here" in finding.detail


def test_a_card_that_lies_idle_is_worth_a_look(machine: Callable[[Hardware, str], None]):
    machine(Hardware(cards=("/dev/nvidia0",)), LLVMPIPE)
    finding = doctor_slippi.opengl("auto", 4)
    assert finding.outcome == "warning"
    assert "NVIDIA_DRIVER_CAPABILITIES" in finding.remedy


@pytest.mark.parametrize("choice", ["auto", "cpu"])
def test_the_processor_draws_well_where_there_is_no_card(
    machine: Callable[[Hardware, str], None], choice: RendererChoice
):
    machine(Hardware(), LLVMPIPE)
    finding = doctor_slippi.opengl(choice, 10_000)
    assert finding.outcome == "ok"
    assert "the processor draws" in finding.detail
    assert "LP_NUM_THREADS=1" in finding.detail


def test_a_game_that_nobody_named_fails_with_how_to_name_it():
    finding = doctor_slippi.game(None)
    assert (finding.outcome, finding.detail) == ("failed", "none named")
    assert "--game-image FILE" in finding.remedy


@pytest.mark.parametrize("content", [None, b"", b"no disc"])
def test_a_file_that_is_no_disc_fails(tmp_path: Path, content: bytes | None):
    path = tmp_path / "game.iso"
    if content is not None:
        path.write_bytes(content)
    assert doctor_slippi.game(str(path)).outcome == "failed"


def test_workers_share_no_port():
    assert doctor_slippi.spectator_port().outcome == "ok"


@pytest.mark.parametrize("emulator", ["standin", "slippi"])
def test_every_check_has_a_name_of_its_own_and_none_raises(tmp_path: Path, bare_path: Path, emulator: str):
    checks = (
        doctor_slippi.slippi_checks(tmp_path / "nothing", None, 1, tmp_path)
        if emulator == "slippi"
        else doctor_standin.standin_checks(1, tmp_path)
    )
    names = [finding.name for finding in doctor.examine(checks)]
    assert len(names) == len(set(names)) == len(checks)
    assert os.environ["PATH"] == str(bare_path)
