"""The command-line flags of a run are made from the declarations of its settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from farm.settings import SETTINGS, load_settings
from farm.terminal.options import (
    run_options,
    setting_options,
    settings_of_run,
    slippi_options,
    split_settings,
)


def given(decorate: Any, *arguments: str) -> dict[str, Any]:
    """The values that a command with these options gets from these arguments."""

    @click.command()
    @decorate
    def command(**options: Any) -> None:
        click.echo(json.dumps(options))

    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_run_on_a_machine_has_no_flag_of_a_cluster_and_the_other_way_round():
    machine, cluster = set(given(run_options("machine"))), set(given(run_options("cluster")))
    assert machine - cluster == {"metrics_port"}
    assert cluster - machine == {"address", "notice", "recycle_minutes"}
    assert machine | cluster == {*SETTINGS, "config"}


def test_a_flag_that_is_not_given_says_nothing_so_that_file_and_environment_speak():
    options = given(run_options("machine"))
    options.pop("config")
    settings = load_settings(
        options | {"replays": (), "emulator": "standin"},
        {"FARM_OUT": "d", "FARM_REPLAYS": "r", "FARM_STAMP": "no"},
    )
    assert (settings.out, settings.replays, settings.stamp) == ("d", ("r",), False)


def test_sources_are_given_by_repeating_the_flag_so_that_a_comma_is_only_a_comma():
    options = given(setting_options(["replays"]), "--replays", "a,b", "--replays", "s3://b/c d")
    assert options == {"replays": ["a,b", "s3://b/c d"]}


@pytest.mark.parametrize(("flag", "value"), [("--no-stamp", False), ("--stamp", True)])
def test_a_switch_is_turned_on_and_off_by_name(flag: str, value: bool):
    assert given(setting_options(["stamp"]), flag) == {"stamp": value}


def test_the_slippi_flags_are_those_that_only_slippi_heeds():
    assert all(SETTINGS[name].about.startswith("Slippi: ") for name in given(slippi_options))
    others = SETTINGS.keys() - given(slippi_options).keys()
    assert not any(SETTINGS[name].about.startswith("Slippi: ") for name in others)


def test_settings_are_told_apart_from_a_commands_own_options():
    flags, own = split_settings({"out": "d", "dry_run": True, "games": None})
    assert (flags, own) == ({"out": "d", "games": None}, {"dry_run": True})


def test_help_names_every_setting_with_what_it_allows():
    @click.command()
    @run_options("cluster")
    def command(**options: Any) -> None: ...

    text = " ".join(CliRunner().invoke(command, ["--help"]).stdout.split())
    for name, setting in SETTINGS.items():
        if setting.only != "machine":
            assert f"--{name.replace('_', '-')}" in text
            assert setting.kind == "switch" or f"({setting.allowed})" in text


def test_the_config_flag_names_a_file(tmp_path: Path):
    @click.command()
    @run_options("machine")
    def command(config: Path, **flags: Any) -> None:
        click.echo(load_settings(flags, {}, config).games)

    file = tmp_path / "other.toml"
    file.write_text('games = 7\nout = "d"\nemulator = "standin"\nreplays = ["r"]\n')
    assert CliRunner().invoke(command, ["--config", str(file)]).stdout == "7\n"


def test_a_run_without_a_game_is_told_the_command_for_either(tmp_path: Path):
    flags = {"replays": ("a b", "s3://b/c"), "out": "d", "games": "22000", "hud": False, "slots": None}
    config = tmp_path / "x.toml"
    config.write_text("slots = 3")
    with pytest.raises(click.UsageError) as refused:
        settings_of_run(flags, {}, config, "farm/launch.py")
    typed = "farm/launch.py --replays 'a b' --replays s3://b/c --out d --games 22000 --no-hud"
    typed += f" --config {config}"
    melee, standin = str(refused.value.message).split("\n")[-2:]
    assert melee == f"Melee:      {typed} --game-image MELEE.iso --slippi-dolphin SLIPPI.AppImage"
    assert standin == f"stand-in:   {typed} --emulator standin"
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("extra", [{"emulator": "standin"}, {"game_image": "MELEE.iso"}])
def test_either_command_is_one_that_runs(extra: dict[str, str]):
    flags = {"replays": ("r",), "out": "d", "games": "22000"}
    assert settings_of_run(flags | extra, {}, None, "farm render").games == 22000
