"""The rule that divides games into splits is written when a dataset begins, and later plans follow it."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.cli import farm
from farm.planning.catalogue import Selection, build_catalogue
from farm.planning.dataset_plan import rule_of_dataset
from farm.planning.splits import SplitRule
from manifests.errors import RecordRefused
from manifests.ledger.dataset import read_description
from manifests.ledger.plan import planned_games
from manifests.ledger.reasons import Reason
from manifests.store.keys import DATASET_KEY
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Plan = Callable[..., dict[str, Any]]

MARTH, FOX = 9, 2


def between(seed: int, *accounts: str) -> bytes:
    """A recorded game of the players with these accounts."""
    data = bytearray(record_match(seed, num_frames=130, ports=(0, 1)))
    start = data.index(b"\x36\x03\x12")
    for port, account in enumerate(accounts):
        place = start + 0x249 + 0x1D * port
        data[place : place + 0x1D] = account.encode().ljust(0x1D, b"\0")
    return bytes(data)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Calls `farm plan` with one more recorded game, of these characters."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "in").mkdir()

    def plan(seed: int, characters: tuple[int, int], *options: str) -> dict[str, Any]:
        replay = record_match(seed, num_frames=130, characters=characters)
        (tmp_path / "in" / f"{seed}.slp").write_bytes(replay)
        words = ["plan", "--emulator", "standin", "--replays", tmp_path / "in", "--out", tmp_path / "set"]
        result = CliRunner().invoke(farm, [*map(str, words), *options, "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    return plan


def test_a_later_plan_remembers_what_is_held_out(plan: Plan, tmp_path: Path):
    plan(1, (FOX, MARTH), "--hold-out", "character=MARTH", "--val", "0")
    found = plan(2, (MARTH, MARTH))
    assert found["splits"] == {"test": 2}
    assert found["split_rule"] == {
        "by": "pairing",
        "val": 0.0,
        "test": 0.0,
        "hold_out": ["character=MARTH"],
    }
    games = list(planned_games(open_store(tmp_path / "set")))
    assert [game.split for game in games] == ["test", "test"]


def test_a_render_of_the_dataset_takes_its_rule(plan: Plan, tmp_path: Path):
    plan(1, (FOX, MARTH), "--hold-out", "character=MARTH")
    found = rule_of_dataset(open_store(tmp_path / "set"), None)
    assert found == SplitRule.chosen(hold_out=["character=MARTH"])


@pytest.mark.slow
def test_a_run_takes_the_rule_and_a_later_run_goes_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("FARM_CANARY", "no")
    (tmp_path / "in").mkdir()

    def states(seed: int, *options: str) -> None:
        replay = record_match(seed, num_frames=130, characters=(MARTH, FOX))
        (tmp_path / "in" / f"{seed}.slp").write_bytes(replay)
        words = ["states", "--replays", tmp_path / "in", "--out", tmp_path / "set", "--workers", "1"]
        result = CliRunner().invoke(farm, [*map(str, words), *options], catch_exceptions=False)
        assert result.exit_code == 0, result.output

    states(1, "--hold-out", "character=MARTH")
    states(2)
    assert [game.split for game in planned_games(open_store(tmp_path / "set"))] == ["test", "test"]
    with pytest.raises(EnvironmentFailed, match="asked for"):
        states(3, "--split-by", "player")


@pytest.mark.dolphin
@pytest.mark.slow
def test_a_render_remembers_what_is_held_out(plan: Plan, tmp_path: Path):
    plan(1, (FOX, MARTH), "--hold-out", "character=MARTH", "--val", "0")
    (tmp_path / "in/2.slp").write_bytes(record_match(2, num_frames=130, characters=(MARTH, MARTH)))
    words = ["render", "--emulator", "standin", "--replays", tmp_path / "in", "--out", tmp_path / "set"]
    result = CliRunner().invoke(farm, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert [game.split for game in planned_games(open_store(tmp_path / "set"))] == ["test", "test"]


def test_another_rule_is_refused_with_the_one_that_holds(plan: Plan):
    plan(1, (FOX, MARTH), "--hold-out", "character=MARTH")
    for options in (["--val", "0.1"], ["--hold-out", "character=FOX"], ["--split-by", "player"]):
        with pytest.raises(EnvironmentFailed, match="--hold-out character=MARTH, and asked for"):
            plan(2, (FOX, FOX), *options)


def test_the_same_rule_may_be_said_again(plan: Plan):
    for seed in (1, 2):
        assert plan(seed, (MARTH, MARTH), "--hold-out", "character=MARTH")["splits"] == {"test": seed}


def test_a_dataset_of_old_which_does_not_say_goes_by_what_is_asked(plan: Plan, tmp_path: Path):
    plan(1, (FOX, FOX))
    store = open_store(tmp_path / "set")
    path = tmp_path / "set" / DATASET_KEY
    old = dataclasses.replace(read_description(store), splits=None)
    path.write_bytes(old.to_json())
    assert b"splits" not in path.read_bytes()
    asked = SplitRule.chosen(by="player")
    assert rule_of_dataset(store, asked) == asked
    assert rule_of_dataset(store, None) == SplitRule()
    assert plan(2, (FOX, FOX), "--val", "0.1")["games"] == 2


def test_a_rule_that_was_tampered_with_is_named(plan: Plan, tmp_path: Path):
    plan(1, (FOX, FOX))
    path = tmp_path / "set" / DATASET_KEY
    plain = json.loads(path.read_text())
    plain["splits"]["by"] = "evening"
    path.write_text(json.dumps(plain))
    with pytest.raises(RecordRefused, match=r"dataset.json: content_sha256 does not fit its content"):
        rule_of_dataset(open_store(tmp_path / "set"), None)
    path.write_text(json.dumps({**plain, "content_sha256": None}))
    with pytest.raises(RecordRefused, match=r"dataset.json: splits: cannot split by 'evening'"):
        rule_of_dataset(open_store(tmp_path / "set"), None)


@pytest.mark.slow
def test_games_across_splits_are_left_out_and_counted(tmp_path: Path):
    for seed in range(1, 13):
        (tmp_path / f"{seed}.slp").write_bytes(between(seed, f"uid{seed % 5}", f"uid{seed % 7}"))
    rule = SplitRule(val=0.3, test=0.3, by="player")
    catalogue = build_catalogue([str(tmp_path)], Selection(), b"k" * 32, splits=rule, num_workers=0)
    assert {left.reason for left in catalogue.left_out} == {Reason.ACROSS_SPLITS}
    assert catalogue.games
    num_lost = len(catalogue.left_out)
    assert f"costs {num_lost} of 12 games" in catalogue.warnings[0]
