"""`farm status` says in lines and bars how many games of a dataset are done."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.commands import status as status_command
from manifests.errors import DatasetError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call


def progress(games: tuple[int, ...] = (), seconds_left: float | None = None) -> SimpleNamespace:
    return SimpleNamespace(
        throughput=SimpleNamespace(games=games), status=SimpleNamespace(seconds_left=seconds_left)
    )


def test_the_table_counts_every_game_once(call: Call, sound: Path):
    lines = [" ".join(line.strip("│ ┃").split()) for line in call("status", sound).stdout.splitlines()]
    for line in (
        "planned │ 4 games, 800 frames",
        "committed │ 3 games, 600 frames",
        "chunks │ 9",
        "set aside │ 1",
        "misaligned │ 1",
        "pending │ 1 game",
    ):
        assert line in lines


def test_as_json_it_has_counts_throughput_and_cost(call: Call, sound: Path):
    found = json.loads(call("status", sound, "--json").stdout)
    assert (found["num_planned"], found["num_committed"], found["num_pending"]) == (4, 3, 1)
    assert found["rejects"] == {"misaligned": 1}
    assert sum(found["throughput"]["games"]) == 4
    assert found["cost"] is None


def test_watching_as_json_is_a_line_for_each_change(call: Call, sound: Path):
    (line,) = call("status", sound, "--watch", "--json", "--at-most", "0").stdout.splitlines()
    assert json.loads(line)["num_pending"] == 1


@pytest.mark.parametrize("wrong", [("--every", "0"), ("--at-most", "-1"), ("--every", "soon")])
def test_a_time_that_is_none_fails(call: Call, sound: Path, wrong: tuple[str, str]):
    assert call("status", sound, "--watch", *wrong).exit_code == 2


def test_what_is_no_dataset_fails(call: Call, tmp_path: Path):
    with pytest.raises(DatasetError):
        call("status", tmp_path)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60).filter(any))
def test_a_bar_stands_for_each_interval_the_highest_for_the_most(games: list[int]):
    bars = status_command._bars(progress(tuple(games)))  # type: ignore[arg-type]
    assert len(bars) == len(games)
    heights = [" ▁▂▃▄▅▆▇█".index(bar) for bar in bars]
    assert heights[games.index(max(games))] == 8
    assert all((height == 0) == (count == 0) for height, count in zip(heights, games, strict=True))
    assert [h for _, h in sorted(zip(games, heights, strict=True))] == sorted(heights)


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-"), (0.4, "0:00:00"), (3661.2, "1:01:01"), (90_000, "1 day, 1:00:00")]
)
def test_the_time_left_is_written_for_people(seconds: float | None, text: str):
    assert status_command._duration(progress(seconds_left=seconds)) == text  # type: ignore[arg-type]


def test_a_moment_is_in_universal_time():
    assert status_command._moment(None) == "-"
    assert status_command._moment(0.7) == "1970-01-01 00:00:00+00:00"


def test_a_copy_has_no_pace(call: Call, dataset: Path):
    found = json.loads(call("status", dataset, "--json").stdout)
    assert (found["games_per_hour"], found["newest_entry_at"]) == (0, None)
    assert "unknown: this is a copy" in call("status", dataset).stdout


def test_a_game_that_the_ledger_has_lost_is_counted(call: Call, dataset: Path):
    assert "manifests only" not in call("status", dataset).stdout
    [first, *_] = [
        path for path in sorted((dataset / "ledger").iterdir()) if b'"committed"' in path.read_bytes()
    ]
    first.unlink()
    assert json.loads(call("status", dataset, "--json").stdout)["num_lost"] == 1
    assert "1 game; run farm finalize" in call("status", dataset).stdout
