"""A call of the system's ffmpeg or ffprobe returns what it printed, or raises its error text."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.errors import EnvironmentFailed
from workers.rendering.system_ffmpeg import run_to_the_end


def test_a_command_that_ends_well_has_no_complaint(tmp_path: Path):
    assert run_to_the_end(["cat", __file__], tmp_path, 60) == (Path(__file__).read_bytes(), "")


def test_a_complaint_names_files_without_the_throw_away_folder(tmp_path: Path):
    _, complaint = run_to_the_end(["cat", str(tmp_path / "absent")], tmp_path, 60)
    assert complaint == "cat: absent: No such file or directory"


def test_a_program_that_is_not_here_is_named(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match="no-such-program is not installed"):
        run_to_the_end(["no-such-program"], tmp_path, 60)
