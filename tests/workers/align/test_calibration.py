"""Constants are kept under what decides them, and an emulator that is off them stops the farm."""

from __future__ import annotations

import json
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from manifests.ledger.evidence import Evidence
from workers.align.calibration import (
    FILE_VARIABLE,
    Calibration,
    calibration_file,
    calibration_for,
    fingerprint_sha256,
    known_calibrations,
    load_calibration,
    require_calibrated,
    store_calibration,
)
from workers.align.motion.camera import Camera
from workers.errors import EnvironmentFailed

FINGERPRINT = {"version": "1", "settings": "a"}


def calibration(lag: int | None = -3) -> Calibration:
    return Calibration("standin", fingerprint_sha256(FINGERPRINT), lag, 0.9, 0.5, 1800)


def test_what_was_stored_is_loaded_for_its_fingerprint_alone(tmp_path: Path):
    file = tmp_path / "deep" / "calibration.json"
    store_calibration(file, calibration())
    assert load_calibration(file, FINGERPRINT) == calibration()
    assert load_calibration(file, {**FINGERPRINT, "settings": "b"}) is None


def test_a_second_measurement_replaces_the_first(tmp_path: Path):
    file = tmp_path / "calibration.json"
    store_calibration(file, calibration(-3))
    store_calibration(file, calibration(-4))
    assert load_calibration(file, FINGERPRINT) == calibration(-4)


def test_a_camera_is_kept_with_its_calibration(tmp_path: Path):
    file, camera = tmp_path / "calibration.json", Camera(scale=0.7)
    store_calibration(file, replace(calibration(), camera=astuple(camera)))
    loaded = load_calibration(file, FINGERPRINT)
    assert loaded is not None
    assert loaded.usual_camera == camera


def test_a_calibration_from_before_cameras_were_kept_has_none():
    assert calibration().usual_camera is None


def test_a_camera_of_too_few_numbers_fails():
    with pytest.raises(ValueError, match="camera has 10 numbers, got 2"):
        replace(calibration(), camera=(1.0, 2.0))


@pytest.mark.parametrize("text", ["", "[]", '{"version": 99}', "{"])
def test_a_file_of_another_kind_fails(tmp_path: Path, text: str):
    file = tmp_path / "calibration.json"
    file.write_text(text)
    with pytest.raises(EnvironmentFailed, match="calibration"):
        load_calibration(file, FINGERPRINT)


def test_an_entry_that_another_version_kept_counts_as_none(tmp_path: Path):
    file = tmp_path / "calibration.json"
    store_calibration(file, calibration())
    plain = json.loads(file.read_text())
    entry = next(iter(plain["calibrations"].values()))
    entry["motion_correlation"] = entry.pop("motion_gain")
    file.write_text(json.dumps(plain))
    assert load_calibration(file, FINGERPRINT) is None
    store_calibration(file, calibration())
    assert load_calibration(file, FINGERPRINT) == calibration()


def test_an_entry_that_is_none_at_all_fails(tmp_path: Path):
    file = tmp_path / "calibration.json"
    file.write_text(json.dumps({"version": 1, "calibrations": {"key": 5}}))
    with pytest.raises(EnvironmentFailed, match="calibration"):
        load_calibration(file, FINGERPRINT)


def test_the_environment_names_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "here.json"))
    assert calibration_file() == tmp_path / "here.json"


@pytest.mark.parametrize("offset", [-30, -1, 1, 7])
def test_an_offset_throughout_a_game_stops_the_farm(offset: int):
    evidence = Evidence("stamp", available=True, offset_frames=offset, confidence=1.0)
    with pytest.raises(EnvironmentFailed, match="off its calibration"):
        require_calibrated([evidence], calibration())


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence("stamp", True, 0, 0.7, first_disagreement_slp_frame=40),
        Evidence("stamp", True, 5, 0.95, first_disagreement_slp_frame=200),
        Evidence("motion", True, 5, 1.0, first_disagreement_slp_frame=900),
        Evidence("count", True, 5, 1.0),
    ],
    ids=["broken somewhere", "lost early", "moves otherwise later", "too few pictures"],
)
def test_a_game_that_breaks_somewhere_does_not(evidence: Evidence):
    require_calibrated([evidence], calibration())


def test_all_that_was_measured_travels_and_the_fingerprint_chooses(tmp_path: Path):
    file = tmp_path / "calibration.json"
    assert known_calibrations(file) == ()
    store_calibration(file, calibration())
    known = known_calibrations(file)
    assert calibration_for(known, FINGERPRINT) == calibration()
    assert calibration_for(known, {**FINGERPRINT, "settings": "b"}) is None


def test_a_share_beyond_one_fails():
    with pytest.raises(ValueError, match="from 0 to 1"):
        Calibration("standin", "x", 0, 1.2, 0.5, 10)
