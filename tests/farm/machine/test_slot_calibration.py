"""The number of slots that was measured is kept in a file, and read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.machine import slot_calibration
from farm.machine.slot_calibration import (
    VARIABLE,
    SlotCalibration,
    calibration_path,
    save_calibration,
    saved_calibration,
)


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_it_is_among_the_users_settings(tmp_path: Path):
    assert calibration_path() == tmp_path / "config" / "dolphin-farm" / "slots.json"


def test_without_a_folder_for_settings_it_is_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert calibration_path() == tmp_path / ".config" / "dolphin-farm" / "slots.json"


def test_a_file_that_is_named_goes_before_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mounted.json"))
    assert save_calibration(SlotCalibration(3, 4.0)) == tmp_path / "mounted.json"
    assert saved_calibration(4.0) == SlotCalibration(3, 4.0)


def test_a_name_that_is_empty_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, "")
    assert calibration_path().is_relative_to(tmp_path / "config")


def test_a_second_measurement_replaces_the_first():
    for slots in (3, 5):
        save_calibration(SlotCalibration(slots, 4.0))
    assert saved_calibration(4.0) == SlotCalibration(5, 4.0)


@given(slots=st.integers(1, 10_000), cores=st.floats(0.01, 1e4))
def test_what_is_read_is_what_was_written(tmp_path_factory: pytest.TempPathFactory, slots: int, cores: float):
    path = tmp_path_factory.mktemp("calibration") / "slots.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(slot_calibration.VARIABLE, str(path))
        save_calibration(SlotCalibration(slots, cores))
        assert saved_calibration(cores) == SlotCalibration(slots, cores)
        assert saved_calibration(cores + 1) is None


@pytest.mark.parametrize(("slots", "cores"), [(0, 4.0), (-1, 4.0), (2, 0.0), (2, -4.0)])
def test_a_calibration_of_nothing_fails(slots: int, cores: float):
    with pytest.raises(ValueError, match="slots are at least 1 and cores above 0"):
        SlotCalibration(slots, cores)
