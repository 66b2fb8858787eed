"""Commands as a person calls them, on datasets that are there in a moment."""

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
    """Calls `farm` with words; errors of ours come out as exceptions, as `farm.cli.main` gets them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def call(*words: object) -> Result:
        return CliRunner().invoke(farm, [str(word) for word in words], catch_exceptions=False)

    return call


@pytest.fixture
def dataset(sound: Path, tmp_path: Path) -> Path:
    """Three games committed, one pending, one set aside; finalized; a copy to be changed."""
    return shutil.copytree(sound, tmp_path / "set")
