"""farm/launch.py as a single file: its message where nothing is installed, and its refusal of settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LAUNCH = Path(__file__).resolve().parents[2] / "farm" / "launch.py"


def launched(
    folder: Path, *arguments: str, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run launch.py as `ray submit` does: as a copy in another folder."""
    copy = folder / "launch.py"
    copy.write_bytes(LAUNCH.read_bytes())
    command = [sys.executable, *options, str(copy), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=folder)


def test_where_the_farm_is_not_installed_it_says_what_to_do(tmp_path: Path):
    ran = launched(tmp_path, "--games", "3", options=("-I", "-S"))
    assert ran.returncode == 2
    assert "dolphin-farm is not installed" in ran.stderr
    assert "ray up" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_copy_of_it_alone_explains_every_setting(tmp_path: Path):
    ran = launched(tmp_path, "--help")
    assert ran.returncode == 0
    assert "--replays" in ran.stdout
    assert "ray submit docker/cluster.yaml farm/launch.py --games 22000" in " ".join(ran.stdout.split())


@pytest.mark.slow
def test_a_wrong_setting_fails_in_one_line_with_what_is_allowed(tmp_path: Path):
    ran = launched(tmp_path, "--games", "none", "--replays", "x", "--out", "y")
    assert ran.returncode == 2
    assert ran.stderr == "farm: games: got 'none' from --games; allowed: a whole number from 1\n"


@pytest.mark.slow
def test_a_missing_setting_fails_with_all_the_places_for_it(tmp_path: Path):
    ran = launched(tmp_path, "--replays", "x")
    assert ran.returncode == 2
    assert ran.stderr == "farm: out is not set; give --out, FARM_OUT, or out in farm.toml\n"


@pytest.mark.slow
def test_slippi_without_a_game_fails_in_one_line_and_says_what_to_give(tmp_path: Path):
    ran = launched(tmp_path, "--replays", "x", "--out", "y", "--emulator", "slippi")
    assert ran.returncode == 2
    assert ran.stderr.startswith("farm: --emulator slippi needs a game: give --game-image FILE")
    assert ran.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_run_that_nobody_told_the_game_stops_with_both_commands(tmp_path: Path):
    ran = launched(tmp_path, "--games", "22000", "--replays", "s3://b/slp", "--out", "s3://b/d")
    assert ran.returncode == 2
    typed = "farm/launch.py --games 22000 --replays s3://b/slp --out s3://b/d"
    assert f"{typed} --game-image MELEE.iso --slippi-dolphin SLIPPI.AppImage\n" in ran.stderr
    assert f"{typed} --emulator standin\n" in ran.stderr


@pytest.mark.slow
def test_an_unknown_flag_is_named(tmp_path: Path):
    ran = launched(tmp_path, "--gaems", "3")
    assert ran.returncode == 2
    assert "--gaems" in ran.stderr
    assert "Traceback" not in ran.stderr
