"""`farm bench state` measures what it says, on recorded games where it is given no replays."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from farm.bench import state as bench
from farm.cli import farm
from workers.standin.recorder import record_match


@pytest.mark.slow
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


@pytest.mark.slow
def test_peppi_failing_is_no_failure(tmp_path: Path):
    (tmp_path / "a.slp").write_bytes(b"no replay")
    assert bench.peppi_seconds([tmp_path / "a.slp"]) == [None]


def test_bench_lists_its_measurements():
    output = CliRunner().invoke(farm, ["bench", "--help"]).output
    assert "state" in output
    assert "_peppi" not in output
    assert CliRunner().invoke(farm, ["bench", "nonsense"]).exit_code == 2


def game(num_frames: int = 3600, **seconds: float | None) -> bench.ReadingTimes:
    usual: dict[str, float | None] = dict.fromkeys(("read", "table", "digest", "write", "window"), 1.0)
    usual |= {"libmelee": None, "peppi": None}
    return bench.ReadingTimes(num_frames, states_bytes=num_frames * 60, **(usual | seconds))  # type: ignore[arg-type]


@given(st.lists(st.integers(1200, 30_000), min_size=1, max_size=8))
def test_frames_a_second_are_all_frames_over_all_time(lengths: list[int]):
    figures = bench.summarise([game(length, table=length / 1000) for length in lengths])
    assert figures["frames_per_second_per_core"] == pytest.approx(1000, abs=1)
    assert figures["frames_per_game"] == round(sum(lengths) / len(lengths))
    assert figures["states_mb_per_9400_frames"] == pytest.approx(9400 * 60 / 1e6)


def test_a_mean_is_over_games_and_in_milliseconds():
    figures = bench.summarise([game(read=0.010), game(read=0.030)])
    assert figures["read_ms_per_game"] == 20.0


def test_the_middle_round_counts_and_not_the_mean(monkeypatch: pytest.MonkeyPatch):
    clock = iter([0.0, 1.0, 10.0, 12.0, 20.0, 50.0])  # rounds of 1 s, 2 s and 30 s
    monkeypatch.setattr(bench.time, "process_time", lambda: next(clock))
    assert bench.median_seconds(lambda: None, rounds=3) == 2.0


def test_without_replays_of_ones_own_games_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench, "_RECORDED_FRAMES", 130)
    assert [path.name for path in bench.gather((), 6, tmp_path)] == ["1.slp", "2.slp"]


def test_the_first_games_that_are_long_enough_are_taken_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bench, "_LEAST_FRAMES", 140)
    (tmp_path / "in").mkdir()
    (tmp_path / "scratch").mkdir()
    games = [record_match(seed, num_frames=length) for seed, length in enumerate((130, 150, 160, 170))]
    for number, data in enumerate(games):
        (tmp_path / "in" / f"{number}.slp").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "in" / "0.zip", "w") as archive:
        archive.writestr("packed.slp", games[3])
    (tmp_path / "in" / "1-broken.slp").write_bytes(b"no replay")
    paths = bench.gather([str(tmp_path / "in")], 2, tmp_path / "scratch")
    assert [path.read_bytes() for path in paths] == [games[3], games[1]]


def test_every_figure_of_a_game_is_above_nothing(tmp_path: Path):
    (tmp_path / "a.slp").write_bytes(record_match(1, num_frames=200))
    found = bench.measure(tmp_path / "a.slp", None, with_libmelee=False)
    assert (found.num_frames, found.libmelee, found.peppi) == (200, None, None)
    assert min(found.read, found.table, found.digest, found.write, found.window) > 0
    assert 0 < found.states_bytes < 200 * 1000


def test_libmelee_failing_is_no_failure(tmp_path: Path):
    (tmp_path / "a.slp").write_bytes(b"no replay")
    assert bench._libmelee_seconds(tmp_path / "a.slp") is None
