"""`farm bench capture` computes its figures from its runs; one test runs it in real Dolphin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from farm.bench._capture_run import CaptureRun
from farm.bench._capture_slippi import NO_DUMP, PEERS_DUMP, with_values
from farm.bench._capture_table import Spread, figures, ratios
from farm.bench._capture_ways import DRAINED_WAY, NO_DUMP_WAY, PEERS_WAY, WAYS, WORKER_WAY, X264_WAY
from farm.bench._stamped import NOT_READ, count_right
from farm.bench.capture import command
from workers.emulator.slippi_preset import SlippiPreset
from workers.emulator.slippi_settings import settings_files

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(cpu_seconds: float, wall_seconds: float = 10.0, num_right: int | None = None) -> CaptureRun:
    return CaptureRun(1000, wall_seconds, 5.0, cpu_seconds, num_right)


def test_a_figure_is_the_median_of_its_rounds_with_the_extremes_beside_it():
    found = figures([[run(cpu)] for cpu in (9.0, 3.0, 4.0)])
    assert found.cpu_seconds_per_1000 == Spread(4.0, 3.0, 9.0)
    assert found.game_frames_per_second == Spread(200.0, 200.0, 200.0)


def test_processes_side_by_side_count_together():
    found = figures([[run(4.0, wall_seconds=10.0), run(6.0, wall_seconds=20.0)]])
    assert found.frames_per_second.median == 2000 / 20
    assert found.cpu_seconds_per_1000.median == pytest.approx(5.0)


def test_the_share_of_right_pairs_is_that_of_the_worst_run():
    assert figures([[run(1.0, num_right=1000)], [run(1.0, num_right=250)]]).right_share == 0.25


def test_a_way_without_a_video_has_no_share_of_right_pairs():
    assert figures([[run(1.0)]]).right_share is None


def test_the_worker_is_held_against_its_limits_round_by_round():
    rounds = {
        NO_DUMP_WAY: [[run(8.0)], [run(4.0)]],
        DRAINED_WAY: [[run(9.0)], [run(5.0)]],
        X264_WAY: [[run(2.0)], [run(1.0)]],
        WORKER_WAY: [[run(12.0)], [run(6.0)]],
    }
    without_dump, with_dump, waited = ratios(rounds)
    assert (without_dump.value, without_dump.aim, without_dump.is_at_most) == (pytest.approx(1.2), 1.25, True)
    assert with_dump.value == pytest.approx((12 / 11 + 1) / 2)
    assert (waited.value, waited.aim) == (pytest.approx(0.5), None)


def test_the_worker_is_held_against_peers_in_cpu_and_in_time():
    rounds = {PEERS_WAY: [[run(20.0, wall_seconds=30)]], WORKER_WAY: [[run(10.0, wall_seconds=10)]]}
    assert [(ratio.value, ratio.is_at_most) for ratio in ratios(rounds)] == [
        (pytest.approx(2.0), False),
        (pytest.approx(3.0), False),
    ]


def test_pairs_are_counted_by_index():
    shown = np.array([-121, -122, -121, NOT_READ, -119], np.int64)
    assert count_right(shown, num_frames=5) == 3
    assert count_right(shown, num_frames=9) == 3  # frames without a picture are not right
    assert count_right(shown, num_frames=2) == 1  # pictures after the game do not count


@pytest.mark.parametrize("changes", [NO_DUMP, PEERS_DUMP])
def test_the_emulators_settings_have_every_key_that_is_changed(changes: Mapping[str, Mapping[str, str]]):
    files = settings_files(SlippiPreset())
    for name, values in changes.items():
        changed = with_values(files[name], values)
        for key, value in values.items():
            assert f"\n{key} = {value}\n" in changed


def test_a_key_that_is_not_there_cannot_be_changed():
    with pytest.raises(ValueError, match="no key 'Depth'"):
        with_values("[Core]\nSpeed = 1\n", {"Depth": "2"})


def test_the_heavy_scene_is_refused_where_the_worker_would_not_draw_it():
    done = CliRunner().invoke(command, ["--heavy"])
    assert done.exit_code == 2
    assert "add --emulator slippi" in done.output


@pytest.mark.dolphin
def test_a_worker_of_the_stand_in_makes_every_pair_right():
    done = CliRunner().invoke(command, ["--runs", "1", "--frames", "60", "--json"], catch_exceptions=False)
    found = json.loads(done.stdout)["1"]["ways"]
    assert set(found) == set(WAYS["standin"])
    assert found[WORKER_WAY]["right_share"] == 1.0
    assert all(way["cpu_seconds_per_1000"]["median"] > 0 for way in found.values())
    assert found[WORKER_WAY]["memory_megabytes"]["median"] > 0
