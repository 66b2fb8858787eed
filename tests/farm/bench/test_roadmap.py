"""`farm bench roadmap` computes gigabytes, days and dollars for all games from measured figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.cli import farm

if TYPE_CHECKING:
    from pathlib import Path


def call(*words: str) -> Any:
    return CliRunner().invoke(farm, ["bench", "roadmap", *words])


def capture_file(folder: Path, frames_per_second: float, cpu_seconds: float) -> Path:
    worker = {
        "frames_per_second": {"median": frames_per_second},
        "cpu_seconds_per_1000": {"median": cpu_seconds},
    }
    (folder / "capture.json").write_text(json.dumps({"1": {"ways": {"worker": worker}}}))
    return folder / "capture.json"


def trial(crf: float, bytes_per_frame: float, **changes: Any) -> dict[str, Any]:
    usual = {
        "preset": "veryfast",
        "gop_pictures": 30,
        "b_frames": 0,
        "refreshes_within": False,
        "height": 480,
    }
    return {**usual, "crf": crf, "bytes_per_frame": bytes_per_frame, **changes}


def test_days_follow_from_the_pace_and_the_cores_that_a_slot_has(tmp_path: Path):
    # 100 frames a second keep 1.25 cores busy: two cores are enough for them, one is not.
    file = capture_file(tmp_path, 100.0, 12.5)
    found = json.loads(
        call("--capture", str(file), "--frames", "86400000", "--core-hour", "1", "--json").output
    )
    one, six, all_cores = found["rows"]
    assert (one["emulators"], one["days"], one["aim_days"]) == (1, pytest.approx(10), 19)
    assert (six["emulators"], six["days"], six["dollars"]) == (6, pytest.approx(10 / 6), pytest.approx(480))
    assert (all_cores["emulators"], all_cores["frames_per_second"]) == (12, pytest.approx(80))
    assert all_cores["days"] == pytest.approx(10 / 12 / 0.8)


def test_sizes_are_those_of_the_default_preset_at_full_size(tmp_path: Path):
    trials = [trial(23, 2400), trial(28, 1400), trial(23, 900, height=288), trial(23, 2000, preset="medium")]
    trials.append(trial(28, 1900, region_offset=-0.1))
    (tmp_path / "bytes.json").write_text(json.dumps(trials))
    result = call("--bytes", str(tmp_path / "bytes.json"), "--frames", "1000000")
    assert "2 GB (CRF 23), 1 GB (CRF 28); expected at first: 300 GB" in result.output
    found = json.loads(call("--bytes", str(tmp_path / "bytes.json"), "--frames", "1000000", "--json").output)
    assert found["gigabytes"]["CRF 28"] == pytest.approx(1.4, abs=0.1)


def test_without_files_the_known_pace_is_taken_and_named():
    assert "Pace: a bench: the stand-in" in call().output


def test_another_file_is_refused(tmp_path: Path):
    (tmp_path / "other.json").write_text("[]")
    result = call("--capture", str(tmp_path / "other.json"))
    assert result.exit_code == 2
    assert "take what these benches print with --json" in result.output
