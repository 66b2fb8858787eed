"""`farm calibrate`: the input it refuses before it renders anything, and the constants it keeps after."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from farm.commands import calibrate as calibrate_command
from manifests.ledger.evidence import Evidence
from workers.align.calibration import Calibration, fingerprint_sha256, load_calibration
from workers.errors import EnvironmentFailed
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call

FINGERPRINT = {"emulator": "a test's"}


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The games that are rendered for the measurement; the rendering itself is left out."""
    games: list[Any] = []
    calibration = Calibration("standin", fingerprint_sha256(FINGERPRINT), 2, 1.0, 0.8, 1323)

    def measure(_set_up: object, _deadlines: object, *, replay: Any) -> tuple[Calibration, list[Evidence]]:
        games.append(replay)
        found = [
            Evidence("log", True, 0, 1.0, margin=3.25, detail="it agrees"),
            Evidence("stamp", False, None, 0.0),
        ]
        return calibration, found

    emulator = SimpleNamespace(check=lambda: None)
    monkeypatch.setattr(
        calibrate_command, "emulator_setup", lambda *_, **__: SimpleNamespace(emulator=emulator)
    )
    monkeypatch.setattr(calibrate_command, "measure_constants", measure)
    return games


def test_the_constants_are_kept_under_the_fingerprint(call: Call, tmp_path: Path, rendered: list[Any]):
    result = call("calibrate", "--file", tmp_path / "kept.json")
    assert result.exit_code == 0, result.output
    kept = load_calibration(tmp_path / "kept.json", FINGERPRINT)
    assert kept is not None
    assert kept.log_lag == 2
    assert load_calibration(tmp_path / "kept.json", {"emulator": "another"}) is None


def test_the_table_has_each_evidence_and_what_it_found(call: Call, tmp_path: Path, rendered: list[Any]):
    output = call("calibrate", "--file", tmp_path / "kept.json").stdout
    (log,) = [line for line in output.splitlines() if "│ log" in line]
    assert [cell.strip() for cell in log.strip("│").split("│")] == ["log", "+0", "1.00", "3.25", "it agrees"]
    assert "log lag 2, kept in" in output


def test_the_constants_are_printed_as_json_where_asked(call: Call, tmp_path: Path, rendered: list[Any]):
    found = json.loads(call("calibrate", "--file", tmp_path / "kept.json", "--json").stdout)
    assert (found["log_lag"], found["fingerprint"]) == (2, fingerprint_sha256(FINGERPRINT))


def test_it_measures_on_the_replay_that_was_given(call: Call, tmp_path: Path, rendered: list[Any]):
    (tmp_path / "a.slp").write_bytes(record_match(3, num_frames=130))
    call("calibrate", "--replay", tmp_path / "a.slp", "--file", tmp_path / "kept.json")
    call("calibrate", "--file", tmp_path / "kept.json")
    assert rendered[0].record.num_frames == 130
    assert rendered[1] is None


def test_a_replay_that_is_none_fails_and_keeps_nothing(call: Call, tmp_path: Path, rendered: list[Any]):
    (tmp_path / "a.slp").write_bytes(b"no replay")
    result = call("calibrate", "--replay", tmp_path / "a.slp", "--file", tmp_path / "kept.json")
    assert result.exit_code == 1
    assert "give another game with --replay" in result.output
    assert not (tmp_path / "kept.json").exists()


def test_melee_needs_a_replay_that_melee_can_play(call: Call):
    result = call("calibrate", "--emulator", "slippi", "--game-image", "melee.iso")
    assert result.exit_code == 2
    assert "give a replay of your own" in " ".join(result.output.split())


def test_without_an_emulator_it_fails_before_it_renders(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFailed, match="not on PATH"):
        call("calibrate", "--file", tmp_path / "kept.json")
