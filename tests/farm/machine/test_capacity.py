"""A machine has as many slots as its scarcest resource allows, container limits included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm.machine import capacity
from farm.machine.capacity import Footprint, Machine, num_slots, slots_here, this_machine
from farm.machine.slot_calibration import VARIABLE, SlotCalibration, save_calibration, saved_calibration
from workers.emulator.drawing import Drawing
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30
ONE = Footprint(cores=2.0, memory_bytes=GIB, scratch_bytes=GIB)


@pytest.mark.parametrize(
    ("machine", "slots"),
    [
        (Machine(16.0, 100 * GIB, 100 * GIB), 8),  # cores run out
        (Machine(16.0, 5 * GIB, 100 * GIB), 5),  # memory runs out
        (Machine(16.0, 100 * GIB, 3 * GIB), 3),  # scratch runs out
        (Machine(0.5, GIB, 0), 1),  # at least one slot
    ],
)
def test_the_scarcest_thing_decides(machine: Machine, slots: int):
    assert num_slots(machine, ONE) == slots


@pytest.mark.parametrize(
    ("cores", "memory_gib", "slots"),
    [
        (2, 8, 2), (4, 16, 4), (12, 48, 12), (16, 64, 16), (64, 256, 64),  # 4 GiB a core, as clouds sell
        (2, 4, 2), (16, 16, 16), (64, 64, 64),  # just enough for a slot a core
        (4, 3, 3), (16, 8, 8), (64, 32, 32),  # too little memory
        (0.5, 2, 1), (2.5, 8, 2), (3.9, 16, 3),  # a container's share of the cores
    ],
)  # fmt: skip
def test_a_slot_a_core_is_chosen_as_far_as_memory_goes(cores: float, memory_gib: int, slots: int):
    assert num_slots(Machine(cores, memory_gib * GIB, 1000 * GIB), Footprint()) == slots


@pytest.mark.parametrize(("memory_gib", "slots"), [(100, 5), (3, 3)])
def test_what_was_measured_counts_instead_of_cores_and_nothing_else(memory_gib: int, slots: int):
    assert num_slots(Machine(16.0, memory_gib * GIB, 100 * GIB), ONE, measured=5) == slots


@pytest.fixture
def calibration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "config" / "slots.json"))
    return tmp_path / "config" / "slots.json"


@pytest.mark.usefixtures("calibration")
def test_what_was_measured_is_remembered_for_machines_like_this():
    assert saved_calibration(16.0) is None
    save_calibration(SlotCalibration(slots=11, cores=16.0))
    assert saved_calibration(16.0) == SlotCalibration(11, 16.0)
    assert saved_calibration(8.0) is None


@pytest.mark.usefixtures("calibration")
def test_this_machine_offers_what_was_measured_on_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(capacity, "this_machine", lambda _scratch: Machine(16.0, 100 * GIB, 100 * GIB))
    assert slots_here() == 16
    save_calibration(SlotCalibration(slots=11, cores=16.0))
    assert slots_here() == 11


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"slots": 0, "cores": 2}', '{"slots": "two", "cores": 2}'])
def test_a_damaged_calibration_fails_and_says_what_to_do(calibration: Path, text: str):
    calibration.parent.mkdir()
    calibration.write_text(text)
    with pytest.raises(EnvironmentFailed, match="farm bench slots --save"):
        saved_calibration(2.0)


def test_a_calibration_that_cannot_be_written_fails(calibration: Path):
    calibration.parent.touch()
    with pytest.raises(EnvironmentFailed, match=VARIABLE):
        save_calibration(SlotCalibration(1, 2.0))


def test_this_machine_can_run_at_least_one():
    machine = this_machine()
    assert machine.cores > 0
    assert machine.memory_bytes > 0
    assert num_slots(machine, Footprint()) >= 1


@pytest.mark.parametrize("cores", [2, 4, 16, 64])
def test_a_machine_with_room_gets_a_slot_for_each_core(cores: int):
    assert num_slots(Machine(float(cores), 256 * GIB, 256 * GIB), Footprint()) == cores


def test_a_containers_limits_count(tmp_path: Path):
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "memory.max").write_text(f"{2 * GIB}\n")
    assert capacity._core_quota(tmp_path) == 1.5
    assert capacity._memory_limit(tmp_path) == 2 * GIB


def test_without_limits_there_are_none(tmp_path: Path):
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert capacity._core_quota(tmp_path) == float("inf")
    assert capacity._memory_limit(tmp_path) > 1 << 60


def test_without_control_groups_there_are_no_limits(tmp_path: Path):
    assert capacity._core_quota(tmp_path) == float("inf")
    assert capacity._memory_limit(tmp_path) > 1 << 60


def test_a_footprint_of_nothing_fails():
    with pytest.raises(ValueError, match="above zero"):
        Footprint(cores=0)


def test_where_a_gpu_draws_its_memory_may_run_out_first(monkeypatch: pytest.MonkeyPatch):
    drawn = Drawing("NVIDIA H200", "nvidia", {}, "")
    monkeypatch.setattr(capacity, "drawing_here", lambda _choice: drawn)
    monkeypatch.setattr(capacity, "this_machine", lambda _scratch: Machine(24.0, 100 * GIB, 100 * GIB))
    for free, slots in ((100 * GIB, 24), (2 * GIB, 4)):
        monkeypatch.setattr(capacity, "cards_here", lambda free=free: (free,))
        assert slots_here(renderer="gpu") == slots
