"""`farm bench scale` runs every step on made-up datasets, each step in a process of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from farm.bench._scale_dataset import ExampleGame, write_names
from farm.bench._scale_step import STEPS, StepCost, measure
from farm.bench.scale import ScaleTrial, _apart, growths_of
from farm.cli import farm
from manifests.ledger.plan import pending_games, planned_games
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path


def test_a_made_up_dataset_passes_every_step_that_a_real_one_does(tmp_path: Path):
    example = ExampleGame.recorded(700)
    (tmp_path / "num_frames").write_text(f"{example.entry.num_frames}")
    measure("plan", tmp_path, 5)
    store = open_store(tmp_path / "dataset")
    example.write_files(tmp_path / "dataset", planned_games(store))
    steps = [step for step in STEPS if step not in {"scan", "plan"}]
    costs = [measure(step, tmp_path, 5) for step in steps]
    assert all(0 < cost.megabytes_before <= cost.megabytes_peak for cost in costs)


def test_names_alone_make_half_the_games_done(tmp_path: Path):
    (tmp_path / "num_frames").write_text("700")
    measure("plan", tmp_path, 6)
    store = open_store(tmp_path / "dataset")
    write_names(tmp_path / "dataset", planned_games(store))
    assert len(list(pending_games(store))) == 3


def test_the_exponent_is_that_of_the_two_largest_sizes():
    trials = [
        ScaleTrial("audit", games, StepCost(1, seconds, 100, megabytes))
        for games, seconds, megabytes in ((10, 9, 100), (100, 2, 150), (1000, 200, 240))
    ]
    (growth,) = growths_of(trials)
    assert growth.exponent == pytest.approx(2)
    assert growth.kilobytes_per_game == pytest.approx(100)
    assert growths_of(trials[:1]) == []


@pytest.mark.slow
def test_the_command_takes_every_step_with_every_number_of_games(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("farm.bench.scale._apart", measure)
    monkeypatch.setattr("farm.bench.scale._GAME_FRAMES", 700)
    words = ["--games", "4", "--games", "8", "--names", "16", "--replays", "2", "--scratch", str(tmp_path)]
    result = CliRunner().invoke(farm, ["bench", "scale", *words, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    taken = {step: [one["games"] for one in found["measured"] if one["step"] == step] for step in STEPS}
    assert taken.pop("scan") == [2]
    assert taken.pop("plan") == taken.pop("resume") == [4, 8, 16]
    assert all(sizes == [4, 8] for sizes in taken.values())
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_step_that_fails_in_its_process_is_named(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match=r"status with 1 games: .*no dataset"):
        _apart("status", tmp_path, 1)


def test_what_was_measured_before_a_failure_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def failing_late(step: str, folder: Path, games: int) -> StepCost:
        if step == "finalize":
            message = "finalize: the disk is full"
            raise EnvironmentFailed(message)
        return measure(step, folder, games)

    monkeypatch.setattr("farm.bench.scale._apart", failing_late)
    monkeypatch.setattr("farm.bench.scale._GAME_FRAMES", 700)
    result = CliRunner().invoke(farm, ["bench", "scale", "--games", "4", "--replays", "2", "--json"])
    assert result.exit_code == 0, result.output
    assert [one["step"] for one in json.loads(result.stdout)["measured"]] == ["scan", "plan", "resume"]
    assert "Warning: finalize: the disk is full" in result.stderr
