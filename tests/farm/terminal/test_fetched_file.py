"""A command-line option that takes a path or an s3:// URL."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import farm.terminal.fetched_file as module
from farm.terminal.fetched_file import FetchedFile
from workers.files.remote import GAME_IMAGE, RemoteFile


@click.command()
@click.option("--game-image", type=FetchedFile(GAME_IMAGE))
def command(game_image: Path | None) -> None:
    click.echo(repr(game_image))


def test_a_path_stays_as_it_is():
    result = CliRunner().invoke(command, ["--game-image", "a/melee.iso"])
    assert result.stdout == f"{Path('a/melee.iso')!r}\n"


def test_an_object_becomes_the_path_of_its_file_here(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "identified", lambda name: RemoteFile(name, 3, name.key))
    monkeypatch.setattr(module, "fetched", lambda file: Path("cache") / file.sha256)
    result = CliRunner().invoke(command, ["--game-image", "s3://b/melee.iso"])
    assert result.stdout == f"{Path('cache/melee.iso')!r}\n"


def test_a_url_that_names_no_image_is_refused():
    result = CliRunner().invoke(command, ["--game-image", "s3://b/folder/"])
    assert result.exit_code == 2
    assert "an s3:// URL names one object" in result.output
