"""Fixtures that call `farm` commands as a person does, on small datasets that are quickly made."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from farm.cli import farm

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls `farm` with arguments; our own errors are raised as exceptions, as `farm.cli.main` gets them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def call(*words: object) -> Result:
        return CliRunner().invoke(farm, [str(word) for word in words], catch_exceptions=False)

    return call


@pytest.fixture
def dataset(sound: Path, tmp_path: Path) -> Path:
    """A finalized dataset of three committed games, one pending, one set aside; tests may change it."""
    return shutil.copytree(sound, tmp_path / "set")
