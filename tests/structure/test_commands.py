"""Every verb of the command line explains itself."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from farm.cli import farm

VERBS = farm.list_commands(click.Context(farm))


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_help_with_an_example(verb: str):
    result = CliRunner().invoke(farm, [verb, "--help"])
    assert result.exit_code == 0, result.output
    assert f"farm {verb}" in result.output.split("\n", 2)[2], "no example in the help"


def test_an_unknown_verb_fails():
    result = CliRunner().invoke(farm, ["no-such-verb"])
    assert result.exit_code == 2
    assert "No such command" in result.output
