"""`farm render` refuses wrong arguments before it reads replays or begins a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call


def test_a_scratch_folder_whose_parent_is_not_there_is_refused_before_a_dataset_begins(
    tmp_path: Path, call: Call
):
    given = ("--replays", tmp_path, "--out", tmp_path / "set", "--scratch", tmp_path / "slip" / "scratch")
    with pytest.raises(EnvironmentFailed, match=r"slip is not there; make it, or give another"):
        call("render", *given, "--emulator", "standin")
    assert list(tmp_path.iterdir()) == []
