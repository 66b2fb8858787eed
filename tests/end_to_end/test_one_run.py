"""A run on a laptop and one on a cluster print the same, and give the same dataset and exit status."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT_ROOT
from tests.end_to_end.test_render_command import with_other_stage
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.end_to_end.command import FarmCommand

pytestmark = [pytest.mark.dolphin, pytest.mark.slow]


@pytest.fixture
def arguments(tmp_path: Path) -> tuple[str, ...]:
    replays = tmp_path / "replays"
    replays.mkdir()
    (replays / "good.slp").write_bytes(record_match(3, num_frames=60))
    (replays / "wrong stage.slp").write_bytes(with_other_stage(record_match(4, num_frames=60), 4))
    return ("--emulator", "standin", "--replays", str(replays), "--out", str(tmp_path / "dataset"))


def test_set_aside_games_give_1_in_the_first_run_and_in_every_later_one(
    arguments: tuple[str, ...], farm_command: FarmCommand
):
    first, second = (farm_command.run("render", *arguments) for _ in range(2))
    assert (first.returncode, second.returncode) == (1, 1)
    assert "Everything was done already: 1 game committed, 1 set aside" in second.stdout


def test_a_folder_without_a_replay_is_not_finished_and_says_what_was_there(
    tmp_path: Path, farm_command: FarmCommand
):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("no replay")
    (tmp_path / "in" / "games.7z").write_bytes(b"7z\xbc\xaf")
    ran = farm_command.run(
        "render", "--emulator", "standin", "--replays", tmp_path / "in", "--out", tmp_path / "dataset"
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("farm: no replay among 2 files looked at")
    assert "games.7z" in ran.stderr


@pytest.fixture
def short_folder() -> Iterator[str]:
    """A folder with a short path: Ray puts sockets below it, whose paths may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:
        yield folder


def launched(
    arguments: tuple[str, ...], farm_command: FarmCommand, ray_folder: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "farm.launch", *arguments, "--address", "local", "--json"]
    environment = {**farm_command.environment, "RAY_TMPDIR": ray_folder}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=240, cwd=PROJECT_ROOT, env=environment
    )


@pytest.mark.ray
def test_a_cluster_ends_a_finished_dataset_as_a_laptop_does(
    arguments: tuple[str, ...], farm_command: FarmCommand, short_folder: str
):
    laptop = farm_command.run("render", *arguments, "--json")
    cluster = launched(arguments, farm_command, short_folder)
    assert (laptop.returncode, cluster.returncode) == (1, 1), cluster.stderr
    told_there, told_here = json.loads(cluster.stdout), json.loads(laptop.stdout)
    assert told_there["games"] == told_here["games"]
    assert (told_here["num_new"], told_there["num_new"]) == (1, 0)


@pytest.mark.ray
def test_a_folder_that_ray_cannot_use_fails_in_one_line(
    arguments: tuple[str, ...], farm_command: FarmCommand, tmp_path: Path
):
    too_long = tmp_path / ("x" * 100)
    too_long.mkdir()
    ran = launched(arguments, farm_command, str(too_long))
    assert ran.returncode == 2
    assert ran.stderr.startswith("farm: cannot start Ray here: ")
    assert "RAY_TMPDIR" in ran.stderr
    assert "Traceback" not in ran.stderr
