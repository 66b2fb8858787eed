"""`farm doctor` probes the frame channel, here on the compiled double of Slippi's Dolphin."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.machine.doctor_slippi import frame_channel
from tests.workers.emulator.slippi_doubles import needs_compiler, showing_slippi

pytestmark = needs_compiler


@pytest.fixture
def program(tmp_path: Path) -> Path:
    program = showing_slippi(tmp_path / "slippi", "png").program
    assert program is not None
    return program


@pytest.mark.slow
def test_a_program_that_takes_the_library_is_ok(program: Path):
    found = frame_channel(program, "standin")
    assert (found.outcome, found.name) == ("ok", "frame channel")
    assert "--frames channel works" in found.detail


@pytest.mark.slow
def test_a_program_that_does_not_is_a_warning_with_the_reason(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    nothing = tmp_path / "nothing.so"
    nothing.write_bytes(b"no library")
    monkeypatch.setattr("workers.emulator.channel_frames.LIBRARY", nothing)
    monkeypatch.setattr("workers.emulator.channel_frames._FIRST_SECONDS", 1.0)
    found = frame_channel(program, "standin")
    assert found.outcome == "warning"
    assert "pictures come as PNG files: the frame channel does not take" in found.detail


def test_without_a_program_it_is_not_tried(tmp_path: Path):
    assert frame_channel(tmp_path / "nothing", "standin").outcome == "failed"
