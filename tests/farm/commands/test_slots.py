"""`farm slots` prints one number, which a cluster's start can use, and says where it comes from."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from farm.commands import slots as slots_command
from farm.machine.capacity import GPU_SLOT, Footprint, num_slots, this_machine
from farm.machine.slot_calibration import VARIABLE, SlotCalibration, save_calibration
from workers.emulator.drawing import Drawing, Hardware
from workers.emulator.drawing_here import drawing_here
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call


@pytest.fixture(autouse=True)
def _own_calibration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "slots.json"))


def test_it_prints_a_number_and_nothing_else(call: Call):
    result = call("slots")
    assert result.exit_code == 0
    assert int(result.stdout) >= 1
    assert result.stdout == f"{int(result.stdout)}\n"


def test_as_json_it_says_what_it_went_by(call: Call):
    found = json.loads(call("slots", "--json", "--memory-mib", 300, "--scratch-mib", 100).stdout)
    assert found["slot"] == {"cores": 1.0, "memory_bytes": 300 << 20, "scratch_bytes": 100 << 20}
    assert found["machine"]["cores"] <= len(os.sched_getaffinity(0))
    assert found["measured"] is None


def test_a_slot_of_one_core_fits_as_often_as_there_are_cores(call: Call):
    machine = this_machine()
    small = ("--memory-mib", 1, "--scratch-mib", 1)
    assert int(call("slots", "--cores", 1, *small).stdout) == num_slots(
        machine, Footprint(1.0, 1 << 20, 1 << 20)
    )


def test_memory_that_runs_out_leaves_one(call: Call):
    assert call("slots", "--memory-mib", 1 << 40).stdout == "1\n"


def test_what_was_measured_here_counts_unless_cores_are_given(call: Call):
    save_calibration(SlotCalibration(7, this_machine().cores))
    small = ("--memory-mib", 1, "--scratch-mib", 1)
    assert call("slots", *small).stdout == "7\n"
    assert json.loads(call("slots", "--json", *small).stdout)["measured"] == 7
    assert json.loads(call("slots", "--json", "--cores", 1, *small).stdout)["measured"] is None


@pytest.mark.parametrize("wrong", [("--memory-mib", "0"), ("--scratch-mib", "-5"), ("--cores", "-1")])
def test_a_slot_that_needs_nothing_fails(call: Call, wrong: tuple[str, str]):
    result = call("slots", *wrong)
    assert result.exit_code == 2
    assert "a footprint is above zero everywhere" in result.output


def test_a_damaged_calibration_fails_and_says_what_to_do(call: Call, tmp_path: Path):
    (tmp_path / "slots.json").write_text("{}")
    with pytest.raises(EnvironmentFailed, match="remove it"):
        call("slots")


@pytest.fixture
def with_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fakes a GPU that draws, with room for three emulators."""
    drawn = Drawing("NVIDIA H200", "nvidia", {}, "by the way 'nvidia'")
    monkeypatch.setattr(slots_command, "drawing_here", lambda _choice: drawn)
    monkeypatch.setattr(slots_command, "cards_here", lambda: (1600 << 20,))


@pytest.mark.usefixtures("with_gpu")
def test_where_a_gpu_draws_its_memory_bounds_the_slots(call: Call):
    tiny = ("--cores", 0.001, "--memory-mib", 1, "--scratch-mib", 1, "--renderer", "gpu")
    assert call("slots", *tiny).stdout == "3\n"
    assert call("slots", *tiny, "--gpu-memory-mib", 1600).stdout == "1\n"


@pytest.mark.usefixtures("with_gpu")
def test_where_a_gpu_draws_it_is_said_who_draws(call: Call):
    found = json.loads(call("slots", "--json", "--renderer", "gpu").stdout)
    assert found["slot"]["cores"] == GPU_SLOT.cores
    assert found["gpu"]["renderer"] == "NVIDIA H200"


def test_a_gpu_that_is_not_there_fails(call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("workers.emulator.drawing_here.hardware_here", Hardware)
    monkeypatch.setattr("workers.emulator.drawing_here.renderer_with", lambda _variables: "llvmpipe")
    drawing_here.cache_clear()
    with pytest.raises(EnvironmentFailed, match="no GPU draws here"):
        call("slots", "--renderer", "gpu")
