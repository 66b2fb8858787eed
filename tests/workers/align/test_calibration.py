"""Calibrated constants are kept per fingerprint, and an emulator that differs from them stops the farm."""

from __future__ import annotations

import json
import os
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


def test_a_fingerprint_is_the_same_in_any_order():
    assert fingerprint_sha256(dict(reversed(FINGERPRINT.items()))) == fingerprint_sha256(FINGERPRINT)


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


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"log_share": 1.2}, "log_share is from 0 to 1"),
        ({"log_share": -0.1}, "log_share is from 0 to 1"),
        ({"motion_gain": 4.5}, "motion_gain is from 0 to 4"),
        ({"motion_gain": float("nan")}, "motion_gain is from 0 to 4"),
    ],
)
def test_a_number_that_none_can_measure_fails(wrong: dict[str, float], said: str):
    with pytest.raises(ValueError, match=said):
        replace(calibration(), **wrong)  # type: ignore[arg-type]


def test_a_clean_game_in_which_little_happens_reaches_a_part_of_the_usual_gain():
    assert 0 < calibration().least_gain < calibration().motion_gain


@pytest.mark.parametrize("text", ['{"version": 1}', '{"version": 1, "calibrations": [5]}', "[]"])
def test_a_file_without_calibrations_is_neither_read_nor_written_over(tmp_path: Path, text: str):
    file = tmp_path / "calibration.json"
    file.write_text(text)
    for use in (lambda: load_calibration(file, FINGERPRINT), lambda: store_calibration(file, calibration())):
        with pytest.raises(EnvironmentFailed, match="no calibration file"):
            use()
    assert file.read_text() == text


def test_a_file_of_version_1_is_read(tmp_path: Path):
    file = tmp_path / "calibration.json"
    kept = {
        "emulator": "standin", "fingerprint": fingerprint_sha256(FINGERPRINT), "log_lag": -3,
        "log_share": 0.9, "motion_gain": 0.5, "num_frames": 1800, "camera": [],
    }  # fmt: skip
    file.write_text(json.dumps({"version": 1, "calibrations": {kept["fingerprint"]: kept}}))
    assert known_calibrations(file) == (calibration(),)


def test_a_place_that_cannot_be_read_is_named_with_the_variable_that_helps(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    for file in (tmp_path / "taken" / "calibration.json", tmp_path):
        with pytest.raises(EnvironmentFailed, match=f"cannot be read there.*set {FILE_VARIABLE}"):
            load_calibration(file, FINGERPRINT)


def test_a_place_that_cannot_be_written_is_named_with_the_variable_that_helps(tmp_path: Path):
    file = tmp_path / "calibration.json"
    file.with_name(f"{file.name}.{os.getpid()}.tmp").mkdir()  # the file that is written first
    with pytest.raises(EnvironmentFailed, match=f"cannot be kept there.*set {FILE_VARIABLE}"):
        store_calibration(file, calibration())


def test_nothing_is_left_beside_the_file_however_deep_it_is(tmp_path: Path):
    file = tmp_path / "some" / "folder" / "calibration.json"
    store_calibration(file, calibration())
    assert list(file.parent.iterdir()) == [file]


def test_calibrations_are_kept_in_the_cache_folder_if_nobody_says_where(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert calibration_file() == tmp_path / "dolphin-farm" / "calibration.json"


@pytest.mark.parametrize(
    ("confidence", "first_slp_frame", "stops"),
    [(0.9, None, True), (0.89, None, False), (1.0, 240 - 124, True), (1.0, 240 - 123, False)],
)
def test_throughout_is_nine_tenths_of_a_game_from_its_first_four_seconds_on(
    confidence: float, first_slp_frame: int | None, stops: bool
):
    item = Evidence("log", True, 1, confidence, first_disagreement_slp_frame=first_slp_frame)
    if stops:
        with pytest.raises(EnvironmentFailed, match="farm calibrate --emulator standin"):
            require_calibrated([item], calibration())
    else:
        require_calibrated([item], calibration())
