"""Which driver draws: drivers' names, the ways tried on each kind of machine, and llvmpipe's settings."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from workers.emulator import drawing_here as here
from workers.emulator.drawing import (
    Drawing,
    Hardware,
    choose_drawing,
    gpu_ways,
    is_software,
    llvmpipe_variables,
)
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

LLVMPIPE = "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5"
NVIDIA = "NVIDIA H200/PCIe/SSE2, OpenGL 4.6.0"
NVIDIA_POD = Hardware(has_nvidia=True, cards=("/dev/nvidia0",))
VIRTUALGL_BOX = Hardware(has_virtualgl=True, cards=("/dev/dri/renderD128",))


@pytest.mark.parametrize(
    "name",
    [
        LLVMPIPE,
        "llvmpipe (LLVM 12.0.0, 128 bits)",
        "softpipe",
        "Software Rasterizer",
        "Mesa X11",
        "Mesa OffScreen",
        "SWR (LLVM 11.0.0, 256 bits)",
        "Google SwiftShader",
        "virgl (LLVMPIPE (LLVM 15.0.7, 256 bits))",
        "D3D12 (Microsoft Basic Render Driver)",
        "",
        " ",
    ],
)
def test_a_program_on_the_processor_is_never_called_a_gpu(name: str):
    assert is_software(name)


@pytest.mark.parametrize(
    "name",
    [
        NVIDIA,
        "NVIDIA GeForce RTX 4090/PCIe/SSE2",
        "Tesla T4/PCIe/SSE2",
        "AMD Radeon RX 6800 (navi21, LLVM 15.0.7, DRM 3.49)",
        "Mesa Intel(R) UHD Graphics 770 (ADL-S GT1)",
        "zink Vulkan 1.3 (NVIDIA GeForce RTX 3080)",
        "NV137",
    ],
)
def test_a_card_is_called_a_gpu(name: str):
    assert not is_software(name)


class Drivers:
    """A fake machine's drivers: which one draws under which variables; notes what was asked."""

    def __init__(self, usually: str, **by_way: str) -> None:
        self._usually = usually
        self._by_way = by_way
        self.asked: list[Mapping[str, str]] = []

    def __call__(self, variables: Mapping[str, str]) -> str:
        self.asked.append(variables)
        way = "virtualgl" if "VGL_DISPLAY" in variables else "nvidia" if variables else ""
        found = self._by_way.get(way, self._usually)
        if found == "broken":
            message = "no OpenGL on this display: crashed"
            raise EnvironmentFailed(message)
        return found


def test_a_machine_without_a_card_is_not_asked():
    drivers = Drivers(LLVMPIPE)
    drawing = choose_drawing("auto", Hardware(), {}, drivers)
    assert (drawing.is_gpu, drivers.asked) == (False, [])


def test_an_nvidia_container_draws_on_its_card_by_its_own_glx():
    drawing = choose_drawing("auto", NVIDIA_POD, {}, Drivers(LLVMPIPE, nvidia=NVIDIA))
    assert (drawing.is_gpu, drawing.renderer, drawing.way) == (True, NVIDIA, "nvidia")
    assert drawing.variables["__GLX_VENDOR_LIBRARY_NAME"] == "nvidia"


def test_virtualgl_draws_where_the_users_variable_says():
    drivers = Drivers(LLVMPIPE, virtualgl="AMD Radeon RX 6800")
    drawing = choose_drawing("auto", VIRTUALGL_BOX, {"VGL_DISPLAY": "egl1"}, drivers)
    assert drawing.way == "virtualgl"
    assert drawing.variables["VGL_DISPLAY"] == "egl1"
    assert "libvglfaker.so" in drawing.variables["LD_PRELOAD"]


def test_what_the_user_has_set_up_goes_before_every_other_way():
    drivers = Drivers(NVIDIA)
    assert choose_drawing("auto", NVIDIA_POD, {}, drivers).variables == {}
    assert drivers.asked == [{}]


def test_a_way_that_crashes_is_passed_over():
    hardware = Hardware(has_nvidia=True, has_virtualgl=True, cards=("/dev/nvidia0",))
    drivers = Drivers(LLVMPIPE, nvidia="broken", virtualgl=NVIDIA)
    assert choose_drawing("gpu", hardware, {}, drivers).way == "virtualgl"


@pytest.mark.parametrize("draws", [LLVMPIPE, "softpipe", "broken"])
def test_where_no_gpu_draws_one_that_was_asked_for_is_refused_with_what_each_way_gave(draws: str):
    with pytest.raises(EnvironmentFailed, match=r"no GPU draws here \(as the environment says: .*nvidia: "):
        choose_drawing("gpu", NVIDIA_POD, {}, Drivers(draws))


def test_where_no_gpu_draws_auto_takes_the_processor_and_says_why():
    drawing = choose_drawing("auto", NVIDIA_POD, {}, Drivers(LLVMPIPE))
    assert not drawing.is_gpu
    assert "a GPU is here, but none draws" in drawing.why
    assert drawing.variables["LIBGL_ALWAYS_SOFTWARE"] == "1"


@pytest.mark.parametrize(
    ("hardware", "words"),
    [
        (Hardware(cards=("/dev/nvidia0",)), "NVIDIA_DRIVER_CAPABILITIES=all"),
        (Hardware(cards=("/dev/dri/renderD128",)), "install VirtualGL"),
        (Hardware(), "take --renderer cpu"),
    ],
)
def test_each_kind_of_machine_gets_its_remedy(hardware: Hardware, words: str):
    with pytest.raises(EnvironmentFailed, match=words):
        choose_drawing("gpu", hardware, {}, Drivers(LLVMPIPE))


def test_the_processor_is_taken_unasked_where_it_was_asked_for():
    drivers = Drivers(NVIDIA)
    assert not choose_drawing("cpu", NVIDIA_POD, {}, drivers).is_gpu
    assert drivers.asked == []


def test_a_machine_without_virtualgl_is_not_tried_with_it():
    assert [way.name for way in gpu_ways(NVIDIA_POD, {})] == ["as the environment says", "nvidia"]


@pytest.mark.parametrize(
    ("rows", "cores", "emulators", "threads"),
    [
        (480, 2, 1, "1"),
        (480, 64, None, "1"),
        (720, 64, 24, "1"),
        (1440, 2, 1, "2"),
        (1440, 64, 24, "2"),
        (1440, 64, None, "2"),
        (1440, 2, 4, "1"),
        (1440, 64, 64, "1"),
        (1440, 1, None, "1"),
    ],
)
def test_an_emulator_gets_few_threads_and_never_one_for_each_core(
    rows: int, cores: int, emulators: int, threads: str
):
    assert llvmpipe_variables(rows, cores, emulators, {})["LP_NUM_THREADS"] == threads


def test_what_the_user_says_to_llvmpipe_wins():
    assert llvmpipe_variables(480, 2, 4, {"LP_NUM_THREADS": "4"}) == {"mesa_glthread": "false"}


def test_a_gpu_is_not_told_about_threads(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LP_NUM_THREADS", raising=False)
    gpu = Drawing(NVIDIA, "nvidia", {"A": "B"}, "")
    assert here.emulator_variables(gpu, 480, 4) == {"A": "B"}


def test_what_both_sides_preload_is_preloaded_and_the_channel_comes_first():
    both = here.joined({"LD_PRELOAD": "channel.so", "A": "1"}, {"LD_PRELOAD": "faker.so"})
    assert both == {"LD_PRELOAD": "channel.so:faker.so", "A": "1"}


def test_nothing_is_preloaded_where_nobody_asks_for_it():
    assert here.joined({"A": "1"}, {"B": "2"}) == {"A": "1", "B": "2"}


GPU = Drawing(NVIDIA, "nvidia", {"__GLX_VENDOR_LIBRARY_NAME": "nvidia"}, "")


def test_a_gpu_that_still_draws_leaves_the_blame_with_the_game(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(here, "renderer_with", lambda variables: NVIDIA)
    here.require_still_drawing(GPU)


@pytest.mark.parametrize("now", [LLVMPIPE, "broken"])
def test_a_gpu_that_died_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch, now: str):
    monkeypatch.setattr(here, "renderer_with", Drivers(now))
    with pytest.raises(EnvironmentFailed, match=r"the GPU that drew here, NVIDIA H200.*no longer does"):
        here.require_still_drawing(GPU)


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="no Xvfb here: docker/system-packages test")
def test_mesas_own_driver_is_seen_to_be_the_processor_on_a_real_display():
    drawing = choose_drawing("cpu", Hardware(), {}, here.renderer_with)
    assert is_software(here.renderer_with(drawing.variables))
