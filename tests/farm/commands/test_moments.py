"""`farm moments` lists the moments that a person asks for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call


def test_a_kind_alone_is_enough(call: Call, dataset: Path):
    lines = call("moments", dataset, "--kind", "hit", "--json").stdout.splitlines()
    assert lines
    assert {json.loads(line)["kind"] for line in lines} == {"hit"}
    near = call("moments", dataset, "--kind", "hit", "--near", "hit", "--json").stdout.splitlines()
    assert near == lines, "within 5 frames of itself"


def test_within_goes_with_near(call: Call, dataset: Path):
    result = call("moments", dataset, "--kind", "hit", "--within", "9")
    assert result.exit_code == click.UsageError.exit_code
    assert "needs the event to which it is measured: name its kind" in result.output


def test_nothing_found_is_told_with_what_there_is(call: Call, dataset: Path):
    words = ("moments", dataset, "--kind", "hit", "--where", "value > 1e9")
    said = call(*words).stdout
    assert "0 moments in" in said
    assert "none has an event hit that meets the condition on events." in said
    assert "\nStages: " in said
    as_json = call(*words, "--json")
    assert as_json.stdout == ""
    assert "\nStages: " in as_json.stderr
