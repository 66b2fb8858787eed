"""A run renders one game first, the canary, and prints what it measured, or why no other game was begun."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from manifests.ledger.entry import done_game_ids
from manifests.store.open import open_store
from workers.emulator.mainline_install import OVERRIDE, find_program
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.command import FarmCommand

pytestmark = [pytest.mark.dolphin]


@pytest.fixture
def arguments(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "replays").mkdir()
    for number in range(3):
        replay = record_match(30 + number, num_frames=60 + 30 * number)
        (tmp_path / f"replays/{number}.slp").write_bytes(replay)
    sources = ("--replays", str(tmp_path / "replays"), "--out", str(tmp_path / "dataset"))
    return ("render", *sources, "--emulator", "standin", "--slots", "1", "--json")


def broken_dolphin(path: Path) -> Path:
    """A program that gives the real Dolphin's version, and ends as soon as it has to play."""
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec {find_program()} --version\nexit 3\n')
    path.chmod(0o755)
    return path


def test_a_canary_that_fails_stops_the_run_and_writes_nothing_off(
    arguments: tuple[str, ...], tmp_path: Path, farm_command: FarmCommand, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(OVERRIDE, str(broken_dolphin(tmp_path / "dolphin-emu-nogui")))
    stopped = farm_command.run(*arguments)
    assert stopped.returncode == 2
    last = stopped.stderr.splitlines()[-1]
    assert last.startswith("farm: the canary failed on ")
    assert "emulator_exit" in last
    assert list(done_game_ids(open_store(tmp_path / "dataset"))) == []

    monkeypatch.delenv(OVERRIDE)
    mended = farm_command.run(*arguments)
    assert mended.returncode == 0, mended.stderr
    told = json.loads(mended.stdout)
    assert told["num_new"] == 3
    [canary] = told["canaries"]
    # The longest game is the canary, since none lasts half a minute.
    assert (canary["origin"], canary["num_frames"]) == ("canary", 120)


def test_without_canary_every_game_is_judged_by_itself(
    arguments: tuple[str, ...], tmp_path: Path, farm_command: FarmCommand, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(OVERRIDE, str(broken_dolphin(tmp_path / "dolphin-emu-nogui")))
    run = farm_command.run(*arguments, "--no-canary")
    assert run.returncode == 1, run.stderr
    told = json.loads(run.stdout)
    assert {game["reason"] for game in told["games"]} == {"emulator_exit"}
    assert told["canaries"] == []
