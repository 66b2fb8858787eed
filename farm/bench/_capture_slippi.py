"""Runs Slippi's Dolphin in ways used only for measuring: without a dump, undecoded, and as peers do."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Final, Self

from manifests.ledger.reasons import Reason
from manifests.state.schema import FIRST_SLP_FRAME
from workers.emulator.channel_frames import ChannelFrames
from workers.emulator.contract import CURRENT_FRAME
from workers.emulator.dump_watcher import MAX_WAITING_IMAGES, PrintedLine
from workers.emulator.frame_channel.records import Line
from workers.emulator.slippi_frames import PngFrames
from workers.errors import EmulatorFailed, EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from workers.emulator.child import Child
    from workers.emulator.contract import BootImage
    from workers.emulator.slippi import SlippiDolphin
    from workers.emulator.slippi_frames import SlippiFrames

NO_DUMP: Final = {"Config/Dolphin.ini": {"DumpFrames": "False"}}
"""Settings without any dump, which show the emulator's own cost."""
PEERS_DUMP: Final = {
    "Config/GFX.ini": {
        "DumpFramesAsImages": "False\nBitrateKbps = 6000",
        "InternalResolutionFrameDumps": "True",
    }
}
"""The dump of the first public Melee world model: AVI, 6 Mbit/s, at the internal resolution of 1x."""
_PEERS_X264: Final = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-an")
_PEERS_WAIT_SECONDS: Final = 1.0  # after the last line, before the emulator is killed
_POLL_SECONDS: Final = 0.2
_PLAY_SECONDS: Final = 900.0


class ChangedPng(PngFrames):
    """The image dump with some changed settings: its folders and watcher.

    Args:
        emulator: knows the size of the pictures.
        home: the emulator's folder for this play.
        changes: new values by key, by settings file under the user directory.
    """

    def __init__(self, emulator: SlippiDolphin, home: Path, changes: Mapping[str, Mapping[str, str]]) -> None:
        preset = emulator.preset
        super().__init__(preset.width, preset.height, home / "user", home, MAX_WAITING_IMAGES)
        self._changes = changes
        self._home = home

    def __enter__(self) -> Self:
        for name, values in self._changes.items():
            path = self._home / "user" / name
            path.write_text(with_values(path.read_text(), values))
        return super().__enter__()


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return an INI text with new values for some keys.

    Raises:
        ValueError: a key is not in the text, so its value cannot be changed.
    """
    lines = text.splitlines()
    for key, value in values.items():
        places = [place for place, line in enumerate(lines) if line.partition("=")[0].strip() == key]
        if not places:
            message = f"the settings have no key {key!r} to change"
            raise ValueError(message)
        for place in places:
            lines[place] = f"{key} = {value}"
    return "\n".join(lines) + "\n"


def channel_of(emulator: SlippiDolphin) -> Callable[[Path], SlippiFrames]:
    """Return a function that makes the preloaded channel for one play of this emulator."""
    preset = emulator.preset
    return lambda home: ChannelFrames(preset.width, preset.height, home)


def png_of(
    emulator: SlippiDolphin, changes: Mapping[str, Mapping[str, str]] | None = None
) -> Callable[[Path], SlippiFrames]:
    """Return a function that makes the image dump for one play of this emulator, with changed settings."""
    return lambda home: ChangedPng(emulator, home, changes or {})


def drained(
    emulator: SlippiDolphin, boot: BootImage, scratch: Path, take_by: Callable[[Path], SlippiFrames]
) -> float:
    """Play a game, discard its pictures, and return the seconds from its first line to its last.

    Raises:
        EmulatorFailed: the emulator ended early, or took too long.
    """
    last = FIRST_SLP_FRAME + boot.num_frames - 1
    with emulator.started(scratch, boot.data, last, take_by) as (frames, child):
        return _seconds_of_game(frames, child, last)


def avi_then_x264(emulator: SlippiDolphin, boot: BootImage, scratch: Path) -> tuple[float, Path]:
    """Render a game the peers' way: an AVI dump, killed after the last line, then one ffmpeg pass.

    Returns:
        Seconds from the first line to the last, and the path of the mp4 in `scratch`.

    Raises:
        EmulatorFailed: the emulator ended early, or took too long.
        EnvironmentFailed: ffmpeg is missing, or failed.
    """
    last = FIRST_SLP_FRAME + boot.num_frames - 1
    with emulator.started(scratch, boot.data, last, png_of(emulator, PEERS_DUMP)) as (frames, child):
        seconds = _seconds_of_game(frames, child, last)
        child.wait(_PEERS_WAIT_SECONDS)
        child.stop(grace_seconds=0)
        (dumped,) = scratch.glob("slippi-*/user/Dump/Frames/*.avi")
        video = scratch / "peers.mp4"
        words = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(dumped), *_PEERS_X264, str(video)]
        try:
            subprocess.run(words, check=True, timeout=_PLAY_SECONDS, capture_output=True)
        except (OSError, subprocess.SubprocessError) as error:
            message = f"the peers' second pass failed: {error}; run: sudo apt-get install ffmpeg"
            raise EnvironmentFailed(message) from error
    return seconds, video


def _seconds_of_game(frames: SlippiFrames, child: Child, last_slp_frame: int) -> float:
    """Take and discard all events until the game's last line; return the seconds from the first line."""
    begun = time.monotonic()
    first = None
    while True:
        event = frames.take(_POLL_SECONDS)
        now = time.monotonic()
        text = event.text if isinstance(event, PrintedLine | Line) else ""
        if text == f"{CURRENT_FRAME} {FIRST_SLP_FRAME}":
            first = now
        elif text == f"{CURRENT_FRAME} {last_slp_frame}" and first is not None:
            return now - first
        if now - begun > _PLAY_SECONDS:
            message = f"the game was not over within {_PLAY_SECONDS:g} s"
            raise EmulatorFailed(Reason.EMULATOR_TIMEOUT, message)
        if event is None and child.exit_status() is not None and frames.is_drained():
            message = f"the emulator ended in the middle of the game; it said: {child.said() or 'nothing'}"
            raise EmulatorFailed(Reason.EMULATOR_EXIT, message)
