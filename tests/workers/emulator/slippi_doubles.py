"""Slippi's playback Dolphin for tests: a scripted double, a compiled double, and the real program."""

from __future__ import annotations

import ctypes.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from manifests.state.schema import FIRST_SLP_FRAME
from tests.manifests.video.stamp_painter import encode_stamp
from workers.emulator.slippi import SlippiDolphin
from workers.standin.image.build import IMAGE

if TYPE_CHECKING:
    from workers.emulator.slippi_preset import FramesChoice, SlippiPreset

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
NUM_FRAMES = 80
"""Number of frames of the recorded game."""

needs_slippi = pytest.mark.skipif(
    not os.environ.get("SLIPPI_DOLPHIN"),
    reason="no real Slippi: set SLIPPI_DOLPHIN to a playback Dolphin (AppImage, program or folder)",
)


def scripted_slippi(
    folder: Path, recording: str | Path = "game_of_80_frames", *, with_seeds: bool = False
) -> SlippiDolphin:
    """The Slippi emulator with the scripted double as its program; with seeds, its pictures can be proved.

    The recording is named, or given as a file.
    """
    if isinstance(recording, str):
        recording = HERE / f"recordings/{recording}.txt"
    (folder / "Sys/GameSettings").mkdir(parents=True)
    (folder / "Sys/GameSettings/00000000.ini").write_text("")
    program = folder / "dolphin-emu"
    script = [sys.executable, str(HERE / "scripted_dolphin.py"), str(recording)]
    script += ["--seeds"] if with_seeds else []
    program.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(PROJECT))} exec {shlex.join(script)} "$@"\n')
    program.chmod(0o755)
    return SlippiDolphin(IMAGE, program=program, is_standin=True)


def use_fake_xvfb(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an Xvfb on PATH that names a display and shows nothing, since the script draws nothing."""
    folder.mkdir()
    program = folder / "Xvfb"
    program.write_text('#!/bin/sh\n[ "$1" = -displayfd ] || exit 1\necho 99 > /dev/fd/$2\nexec sleep 3600\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def real_slippi(preset: SlippiPreset | None = None) -> SlippiDolphin:
    """The Slippi emulator with the real program, and the stand-in as its game."""
    return (
        SlippiDolphin(IMAGE, is_standin=True)
        if preset is None
        else SlippiDolphin(IMAGE, preset, is_standin=True)
    )


_LIBRARIES = ("libGL.so.1", "libX11.so.6")

needs_compiler = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("g++", "Xvfb"))
    or any(ctypes.util.find_library(name.split(".")[0].removeprefix("lib")) is None for name in _LIBRARIES),
    reason="no g++, Xvfb or Mesa here, with which the double is built that shows pictures as Slippi does",
)


def showing_slippi(folder: Path, frames: FramesChoice) -> SlippiDolphin:
    """The Slippi emulator with the compiled double as its program; `folder` may be used again."""
    program = folder / "dolphin-emu"
    if not program.exists():
        (folder / "Sys/GameSettings").mkdir(parents=True)
        (folder / "Sys/GameSettings/00000000.ini").write_text("")
        source = HERE / "channel_double" / "dolphin.cpp"
        compile_double([str(source), "-o", str(program), *(f"-l:{name}" for name in _LIBRARIES)])
    return SlippiDolphin(IMAGE, program=program, is_standin=True, frames=frames)


def compile_double(arguments: list[str]) -> None:
    """Run the C++ compiler."""
    subprocess.run(["g++", "-std=c++17", "-O1", "-pthread", *arguments], check=True, timeout=120)


def script_of(num_frames: int, num_waiting: int = 7) -> list[str]:
    """The compiled double's script of a clean game: a waiting screen, then a line and a picture per frame."""
    last = FIRST_SLP_FRAME + num_frames - 1
    lines = [f"shown - {1000 + number}" for number in range(num_waiting)]
    lines += [
        "said [FILE_PATH] game.slp",
        f"said [GAME_END_FRAME] {last}",
        f"said [PLAYBACK_END_FRAME] {last}",
    ]
    for slp_frame in range(FIRST_SLP_FRAME, last + 1):
        lines += [f"said [CURRENT_FRAME] {slp_frame}", shown(slp_frame)]
    return [*lines, f"said [CURRENT_FRAME] {last + 1}"]


def shown(slp_frame: int) -> str:
    """The step of a script that shows a stamped frame."""
    bits = "".join(map(str, encode_stamp(slp_frame).tolist()))
    return f"shown {bits} {slp_frame - FIRST_SLP_FRAME}"
