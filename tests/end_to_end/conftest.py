from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.command import FarmCommand
from tests.s3_server.fixtures import bare_s3

__all__ = ["bare_s3"]


@pytest.fixture
def farm_command(tmp_path: Path) -> FarmCommand:
    home = tmp_path / "home"
    home.mkdir()
    return FarmCommand(home)
