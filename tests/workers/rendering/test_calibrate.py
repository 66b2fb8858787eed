"""`farm calibrate` measures constants on a real Dolphin, and later runs are judged by them."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.ledger.entry import Status, read_entry
from manifests.ledger.plan import GameToPlan, PlannedGame, number_games
from manifests.store.open import open_store
from workers.align.calibration import FILE_VARIABLE, Calibration, known_calibrations
from workers.errors import EnvironmentFailed
from workers.job import RenderSettings, RenderTask, render_game
from workers.replay import read_replay
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

NUM_FRAMES = 300
FRAMES_PER_CHUNK = 600


@pytest.fixture
def game(tmp_path: Path) -> PlannedGame:
    data = record_match(3, num_frames=NUM_FRAMES)
    source = tmp_path / "replay.slp"
    source.write_bytes(data)
    game_id = read_replay(data).game_id
    facts = GameToPlan(game_id, str(source), NUM_FRAMES, "train", "X", ("A", "B"), (None, None))
    return number_games([facts], FRAMES_PER_CHUNK, 0)[0]


@pytest.mark.dolphin
@pytest.mark.slow
def test_a_later_run_is_judged_by_the_calibration_and_stopped_when_off_it(
    game: PlannedGame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "calibration.json"))
    measured = CliRunner().invoke(farm, ["calibrate", "--json"], catch_exceptions=False)
    assert measured.exit_code == 0, measured.output
    (calibration,) = known_calibrations()
    assert Calibration(**json.loads(measured.stdout)) == calibration
    assert calibration.usual_camera is not None
    assert calibration.log_lag is not None

    off = dataclasses.replace(calibration, log_lag=calibration.log_lag + 2)
    settings = RenderSettings(str(tmp_path / "off"), frames_per_chunk=FRAMES_PER_CHUNK, calibrations=(off,))
    with pytest.raises(EnvironmentFailed, match="off its calibration"):
        render_game(RenderTask(game, is_last_attempt=True), settings)
    assert read_entry(open_store(tmp_path / "off"), game.game_id) is None, "the game is still to be done"

    right = dataclasses.replace(settings, store_url=str(tmp_path / "right"), calibrations=(calibration,))
    assert render_game(RenderTask(game), right).status == "committed"
    entry = read_entry(open_store(tmp_path / "right"), game.game_id)
    assert entry is not None
    assert entry.status is Status.COMMITTED
    (log,) = (record for record in entry.evidence if record.name == "log")
    assert (log.available, log.offset_frames) == (True, 0), "calibrated, the lines can tell"


def test_melee_without_a_replay_of_its_own_fails(tmp_path: Path):
    image = tmp_path / "melee.iso"
    image.touch()
    said = CliRunner().invoke(farm, ["calibrate", "--emulator", "slippi", "--game-image", str(image)])
    assert said.exit_code == 2
    assert "--replay FILE" in said.output
