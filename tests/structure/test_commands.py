"""Every `farm` command has a help text and an example, and is listed in a group of `farm --help`."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from farm.cli import GROUPS, farm

VERBS = farm.list_commands(click.Context(farm))


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_help_with_an_example(verb: str):
    result = CliRunner().invoke(farm, [verb, "--help"])
    assert result.exit_code == 0, result.output
    assert f"farm {verb}" in result.output.split("\n", 2)[2], "no example in the help"


def test_every_verb_is_in_one_group():
    assert sorted(verb for verbs in GROUPS.values() for verb in verbs) == VERBS


def test_the_help_of_farm_shows_every_verb_under_its_group():
    text = CliRunner().invoke(farm, ["--help"]).output
    places = [text.index(f"\n{heading}:\n") for heading in GROUPS]
    assert places == sorted(places)
    for verb in VERBS:
        assert f"\n  {verb} " in text


def test_a_verb_whose_packages_are_missing_says_what_to_install_and_hides_no_other(monkeypatch):
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name=("melee" if name.endswith("plan") else "duckdb"))

    monkeypatch.setattr("farm.cli.importlib.import_module", missing)
    result = CliRunner().invoke(farm, ["--help"])
    assert result.exit_code == 0
    assert "pip install 'dolphin-farm[render]'" in " ".join(result.output.split())


def test_an_unknown_verb_fails():
    result = CliRunner().invoke(farm, ["no-such-verb"])
    assert result.exit_code == 2
    assert "No such command" in result.output
