"""A play on the frame channel ends with a clear error when the channel itself is broken."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.emulator import channel_frames
from workers.emulator.channel_frames import ChannelFrames, require_channel
from workers.emulator.child import Child
from workers.emulator.slippi_preset import SlippiPreset
from workers.errors import EmulatorFailed, EnvironmentFailed

HELLO = "struct.pack('=IIII', 0x4d524644, 1, 4, {})"


def take_until_failure(
    folder: Path, code: str, after_take: Callable[[ChannelFrames], None] = lambda _: None
) -> None:
    """Run Python code as the emulator, with the channel's writing end as `fd`, and take until that fails."""
    start = "import os, struct, time; fd = int(os.environ['DOLPHIN_FARM_CHANNEL_FD']); "
    with ChannelFrames(640, 480, folder) as frames:
        environment = {**os.environ, **frames.variables, "LD_PRELOAD": ""}
        with Child(
            [sys.executable, "-c", start + code],
            folder=folder,
            environment=environment,
            stdout=frames.stdout,
            stderr=folder / "stderr",
            pass_fds=frames.descriptors,
        ) as child:
            frames.supervise(child)
            for _ in range(1000):
                frames.take(0.1)
                after_take(frames)
                if frames.is_drained() and child.exit_status() is not None:
                    return


def patience_ends_when(
    holds: Callable[[ChannelFrames], bool], monkeypatch: pytest.MonkeyPatch
) -> Callable[[ChannelFrames], None]:
    """Make a function that ends the wait for the first picture once something holds, however late that is."""

    def end_patience(frames: ChannelFrames) -> None:
        if holds(frames):
            monkeypatch.setattr(channel_frames, "_FIRST_SECONDS", 0.0)

    return end_patience


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("b'half'", r"it still runs, but its stream ended after 4 of 12 bytes"),
        (
            "struct.pack('=IIIiIII', 0x4d524644, 3, 24, 1, 640, 480, 1)",
            r"it still runs, but its stream ended after 16 of 24 bytes",
        ),
        ("b'what is this, then?'", r"it still runs, but its stream holds 0x\w+ where a record begins"),
    ],
)
def test_a_channel_that_breaks_while_the_emulator_runs_on_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, said: str
):
    monkeypatch.setattr(channel_frames, "_EXIT_SECONDS", 0.2)
    with pytest.raises(EmulatorFailed, match=said):
        take_until_failure(tmp_path, f"os.write(fd, {written}); os.close(fd); time.sleep(60)")


def test_another_version_of_the_library_fails(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match="library is version 7, its reader 3"):
        take_until_failure(tmp_path, f"os.write(fd, {HELLO.format(7)}); time.sleep(60)")


def test_an_emulator_that_ends_ends_the_channel_without_a_failure_of_its_own(tmp_path: Path):
    take_until_failure(tmp_path, f"os.write(fd, {HELLO.format(3)})")


def test_an_emulator_that_the_library_is_not_in_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(channel_frames, "_FIRST_SECONDS", 0.5)
    with pytest.raises(EnvironmentFailed, match=r"was started in a way.*--frames png"):
        take_until_failure(tmp_path, "time.sleep(60)")


def test_an_emulator_whose_pictures_do_not_come_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    when_greeted = patience_ends_when(lambda frames: frames._has_greeted, monkeypatch)
    with pytest.raises(EnvironmentFailed, match=r"shows its pictures in a way.*png"):
        take_until_failure(tmp_path, f"os.write(fd, {HELLO.format(3)}); time.sleep(60)", when_greeted)


@pytest.mark.slow
def test_an_emulator_that_shows_nothing_new_for_long_is_not_taken_for_one_whose_pictures_do_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    when_shown = patience_ends_when(lambda frames: frames._has_shown, monkeypatch)
    picture = "struct.pack('=IIIiIIIiI', 0x4d524644, 3, 24, 1, 2, 2, 0, 0, 0)"
    take_until_failure(tmp_path, f"os.write(fd, {HELLO.format(3)} + {picture}); time.sleep(1)", when_shown)


def test_what_the_user_preloads_stays_behind_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LD_PRELOAD", "libvglfaker.so")
    with ChannelFrames(640, 480, tmp_path) as frames:
        assert frames.variables["LD_PRELOAD"] == f"{channel_frames.LIBRARY}:libvglfaker.so"


def test_a_machine_of_another_kind_is_told_to_take_png(monkeypatch: pytest.MonkeyPatch):
    require_channel(SlippiPreset())
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(
        EnvironmentFailed, match=r"prebuilt for x86_64, this machine is aarch64; take --frames png"
    ):
        require_channel(SlippiPreset())


def test_vulkan_is_told_to_take_png():
    with pytest.raises(EnvironmentFailed, match=r"the backend is Vulkan; take --frames png"):
        require_channel(SlippiPreset(backend="Vulkan"))


def test_a_library_whose_path_the_loader_cannot_take_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    library = tmp_path / "a folder.so"
    library.touch()
    monkeypatch.setattr(channel_frames, "LIBRARY", library)
    with pytest.raises(EnvironmentFailed, match="holds a space or a colon"):
        require_channel(SlippiPreset())
