"""Slots of a machine: by whatever runs out first, container limits included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm import capacity
from farm.capacity import Footprint, Machine, num_slots, this_machine

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30
ONE = Footprint(cores=2.0, memory_bytes=GIB, scratch_bytes=GIB)


@pytest.mark.parametrize(
    ("machine", "slots"),
    [
        (Machine(16.0, 100 * GIB, 100 * GIB), 8),  # cores run out
        (Machine(16.0, 5 * GIB, 100 * GIB), 5),  # memory does
        (Machine(16.0, 100 * GIB, 3 * GIB), 3),  # scratch does
        (Machine(0.5, GIB, 0), 1),  # never none
    ],
)
def test_the_scarcest_thing_decides(machine: Machine, slots: int):
    assert num_slots(machine, ONE) == slots


def test_this_machine_can_run_at_least_one():
    machine = this_machine()
    assert machine.cores > 0
    assert machine.memory_bytes > 0
    assert num_slots(machine, Footprint()) >= 1


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
