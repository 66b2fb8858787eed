"""The help of every `farm` command has whole sentences, every argument, and an example that works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click
import pytest

from farm import bench, commands
from farm.cli import farm
from farm.commands.bench import LazyBenches

if TYPE_CHECKING:
    from collections.abc import Iterator


def verbs() -> Iterator[Any]:
    """Every command with its name, those of `farm bench` included."""
    context = click.Context(farm)
    for name in farm.list_commands(context):
        command = farm.get_command(context, name)
        assert command is not None
        yield pytest.param(f"farm {name}", command, id=name)
        if isinstance(command, LazyBenches):
            for inner in command.list_commands(context):
                yield pytest.param(f"farm bench {inner}", command.get_command(context, inner), id=inner)


VERBS = list(verbs())


@pytest.mark.parametrize(("name", "command"), VERBS)
def test_it_begins_with_a_sentence(name: str, command: click.Command):
    text = " ".join((command.help or "").split())
    sentence = text.split(". ")[0]
    assert sentence[:1].isupper(), name
    assert len(sentence.split()) >= 5, name
    assert text.endswith("."), name


@pytest.mark.parametrize(("name", "command"), VERBS)
def test_it_has_an_example_that_calls_it_with_options_that_there_are(name: str, command: click.Command):
    example = command.epilog or ""
    lines = [line.strip() for line in example.replace("Example:", "\n").splitlines()]
    calls = [line for line in lines if name in line]
    assert calls, f"{name} has no example"
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    is_group = isinstance(command, click.Group)
    for call in calls:
        typed = call[call.index(name) :].split(" | ")[0]
        given = set(re.findall(r"(?<= )--[a-z][a-z-]*", typed))
        assert is_group or given <= known, f"{call}: {name} has no {sorted(given - known)}"


@pytest.mark.parametrize(("name", "command"), VERBS)
def test_every_argument_is_explained(name: str, command: click.Command):
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            word = (parameter.metavar or parameter.name or "").upper().removesuffix("...")
            assert word in (command.help or "").upper(), f"{name} does not say what {word} is"


def test_every_module_of_commands_and_of_bench_is_a_verb():
    names = {param.values[0] for param in VERBS}
    for package, prefix in ((commands, "farm"), (bench, "farm bench")):
        for folder in package.__path__:
            from pathlib import Path  # noqa: PLC0415 - here alone

            for path in Path(folder).glob("[!_]*.py"):
                assert f"{prefix} {path.stem.replace('_', '-')}" in names
