"""`farm bench scheduling` hands out all of its games, which do nothing, by the real loop and pool."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from click.testing import CliRunner

from farm.bench.scheduling import NullGame, NullSettings, SchedulingTrial, _as_text, render_nothing
from farm.cli import farm


def call(*words: str) -> Any:
    return CliRunner().invoke(farm, ["bench", "scheduling", *words])


@pytest.mark.slow
def test_every_game_is_done_and_the_cost_is_a_game():
    result = call("--games", "60", "--slots", "2", "--pool", "local", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["games"], found["slots"], found["pool"]) == (60, 2, "local")
    assert found["driver_cpu_ms_per_game"] == pytest.approx(found["driver_cpu_seconds"] / 60 * 1000)
    assert 0 < found["driver_megabytes_before"] <= found["driver_megabytes_peak"]


def test_the_line_for_people_has_the_pace():
    text = _as_text(SchedulingTrial("ray", 22_000, 4, 11.0, 2.2, 0.1, 80.0, 95.4))
    assert text == (
        "22,000 games on 4 slots (ray): 11.0 s, 2,000 a second; driver: 0.10 ms of processor a game, "
        "80 MB before, 95 MB at most"
    )


def test_what_travels_is_as_large_as_what_a_real_game_sends():
    result = render_nothing(NullGame("0" * 64, 3600), NullSettings())
    assert (result.game_id, result.num_frames, result.status) == ("0" * 64, 3600, "committed")
    assert 200 < len(pickle.dumps(result)) < 1000


@pytest.mark.parametrize("wrong", [("--games", "0"), ("--slots", "0"), ("--pool", "cloud")])
def test_what_cannot_be_meant_fails(wrong: tuple[str, str]):
    assert call(*wrong).exit_code == 2
