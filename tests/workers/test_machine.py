"""A machine is described by its cores, its processor and its graphics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import workers.machine as module
from workers.machine import cores_here, machine_kind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fakes a machine that does not describe itself yet."""
    monkeypatch.setattr(module, "_CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(module, "_NVIDIA", tmp_path / "nvidia")
    monkeypatch.setattr(module, "_RENDER_NODES", tmp_path / "dri")
    return tmp_path


def test_a_machine_is_its_cores_its_processor_and_its_cards(system: Path):
    (system / "cpuinfo").write_text("processor : 0\nmodel name\t: AMD  EPYC 9R14\nflags : x\n")
    for number in range(2):
        (system / f"nvidia/{number}").mkdir(parents=True)
        (system / f"nvidia/{number}/information").write_text("Model: \t NVIDIA L4\nIRQ: 3\n")
    assert machine_kind() == f"{cores_here()} cores of AMD EPYC 9R14, NVIDIA L4 + NVIDIA L4"


def test_a_machine_that_says_little_is_told_by_what_it_says(system: Path):
    assert machine_kind().endswith(", no graphics device")
    (system / "dri").mkdir()
    (system / "dri/renderD128").write_text("")
    assert machine_kind().endswith(", 1 graphics devices")
