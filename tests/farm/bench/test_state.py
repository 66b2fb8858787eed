"""`farm bench state` measures what it says, on games it records if it is given none."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from farm.bench import state as bench
from farm.cli import farm
from workers.standin.recorder import record_match


def test_it_compares_with_both_others_in_one_run(tmp_path: Path):
    (tmp_path / "a.slp").write_bytes(record_match(1, num_frames=1300))
    (tmp_path / "short.slp").write_bytes(record_match(2, num_frames=200))
    (tmp_path / "none.slp").write_bytes(b"no replay")
    result = CliRunner().invoke(
        farm, ["bench", "state", "--replays", str(tmp_path), "--json"], catch_exceptions=False
    )
    figures = json.loads(result.stdout)
    assert (figures["games"], figures["frames_per_game"]) == (1, 1300)
    assert figures["times_as_fast_as_libmelee"] > 5
    assert figures["times_as_fast_as_peppi"] > 0.05
    assert 0 < figures["window_ms"] < 1000


def test_games_that_are_all_too_short_fail(tmp_path: Path):
    (tmp_path / "short.slp").write_bytes(record_match(2, num_frames=200))
    result = CliRunner().invoke(farm, ["bench", "state", "--replays", str(tmp_path)])
    assert result.exit_code == 1
    assert "1200 frames or more" in result.output


def test_a_reader_that_fails_is_left_out_of_the_comparison():
    game = bench.ReadingTimes(3600, 1, 2, 1, 1, 1, 1000, libmelee=None, peppi=4)
    other = bench.ReadingTimes(3600, 1, 2, 1, 1, 1, 1000, libmelee=200, peppi=None)
    figures = bench.summarise([game, other])
    assert figures["times_as_fast_as_libmelee"] == 100
    assert figures["times_as_fast_as_peppi"] == 2
    assert "times_as_fast_as_peppi" not in bench.summarise([other])


def test_peppi_failing_is_no_failure(tmp_path: Path):
    (tmp_path / "a.slp").write_bytes(b"no replay")
    assert bench.peppi_seconds([tmp_path / "a.slp"]) == [None]


def test_bench_lists_its_measurements():
    output = CliRunner().invoke(farm, ["bench", "--help"]).output
    assert "state" in output
    assert "_peppi" not in output
    assert CliRunner().invoke(farm, ["bench", "nonsense"]).exit_code == 2
