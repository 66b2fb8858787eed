"""Slippi's playback Dolphin for tests: the scripted process that replays recordings, and the real one."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workers.emulator.slippi import SlippiDolphin
from workers.standin.image.build import IMAGE

if TYPE_CHECKING:
    from workers.emulator.slippi_preset import SlippiPreset

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
NUM_FRAMES = 80
"""Of the recorded game."""

needs_slippi = pytest.mark.skipif(
    not os.environ.get("SLIPPI_DOLPHIN"),
    reason="no real Slippi: set SLIPPI_DOLPHIN to a playback Dolphin (AppImage, program or folder)",
)


def scripted_slippi(folder: Path, recording: str = "game_of_80_frames") -> SlippiDolphin:
    """The emulator with the scripted process as its program."""
    (folder / "Sys/GameSettings").mkdir(parents=True)
    (folder / "Sys/GameSettings/00000000.ini").write_text("")
    program = folder / "dolphin-emu"
    script = [sys.executable, str(HERE / "scripted_dolphin.py"), str(HERE / f"recordings/{recording}.txt")]
    program.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(PROJECT))} exec {shlex.join(script)} "$@"\n')
    program.chmod(0o755)
    return SlippiDolphin(IMAGE, program=program, is_standin=True)


def use_fake_xvfb(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an Xvfb on PATH that names a display and shows nothing: the script draws nothing either."""
    folder.mkdir()
    program = folder / "Xvfb"
    program.write_text('#!/bin/sh\n[ "$1" = -displayfd ] || exit 1\necho 99 > /dev/fd/$2\nexec sleep 3600\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def real_slippi(preset: SlippiPreset | None = None) -> SlippiDolphin:
    """The real program with the stand-in as its game."""
    return (
        SlippiDolphin(IMAGE, is_standin=True)
        if preset is None
        else SlippiDolphin(IMAGE, preset, is_standin=True)
    )
