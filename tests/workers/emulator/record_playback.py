"""Makes the recordings that lie here, from real runs of Slippi's playback Dolphin, event by event.

    SLIPPI_DOLPHIN=.../dolphin-emu PYTHONPATH=. python .../record_playback.py REPLAY NUM_FRAMES OUT [GAME]

A recording is text: `begun N`, `written N F` with the slp_frame F that its stamp says, `-` if it has none,
and `said TEXT`, in the order in which they happened; then `ended STATUS` if it ended by itself. Paths are
replaced by REPLAY. This script is not a test, and no test runs it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

from tests.manifests.video.stamp_painter import read_stamp
from workers.emulator.contract import BootImage, Deadlines
from workers.emulator.dump_watcher import DumpedImage, DumpEvent, DumpWatcher
from workers.emulator.inotify import CREATED, FileEvent
from workers.emulator.png_picture import PngDecoder
from workers.emulator.slippi import SlippiDolphin
from workers.emulator.slippi_watch import PlaybackWatch
from workers.errors import FarmError
from workers.standin.image.build import IMAGE

notes: list[str] = []


class NotingWatcher(DumpWatcher):
    """A dump watcher that also notes what it takes."""

    def _take(self, event: FileEvent) -> None:
        if event.name.startswith("framedump_") and event.mask & CREATED:
            notes.append(f"begun {event.name.removeprefix('framedump_').removesuffix('.png')}")
        super()._take(event)

    def _put(self, event: DumpEvent) -> None:
        if isinstance(event, DumpedImage):
            slp_frame = read_stamp(PngDecoder(640, 480).decode(event.png)[:480])
            notes.append(f"written {event.number} {'-' if slp_frame is None else slp_frame}")
        else:
            text = event.text
            notes.append("said [FILE_PATH] REPLAY" if text.startswith("[FILE_PATH]") else f"said {text}")
        super()._put(event)


class NotingWatch(PlaybackWatch):
    """A watch that notes how the play ended; with TRUST_HEADER=no it ignores the first sign of a cut."""

    def line(self, text: str) -> None:
        if os.environ.get("TRUST_HEADER") != "no" or not text.startswith("[GAME_END_FRAME]"):
            super().line(text)

    def exited(self, status: int) -> NoReturn:
        notes.append(f"ended {status}")
        super().exited(status)


def main() -> None:
    """Play once, and write down the notes and how the play ended."""
    import workers.emulator.slippi as module  # noqa: PLC0415 - its watcher is replaced, here only

    module.DumpWatcher = NotingWatcher  # type: ignore[misc]
    module.PlaybackWatch = NotingWatch  # type: ignore[misc]
    replay, num_frames, out = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    game = Path(sys.argv[4]) if len(sys.argv) > 4 else IMAGE
    emulator = SlippiDolphin(game, is_standin=game == IMAGE)
    deadlines = Deadlines(startup_seconds=60, progress_seconds=60, total_seconds=1200)
    before = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with emulator.play(
                BootImage(replay.read_bytes(), num_frames), Path(scratch), deadlines
            ) as events:
                for _ in events:
                    pass
        except FarmError as error:
            sys.stderr.write(f"{type(error).__name__} after {time.monotonic() - before:.1f} s: {error}\n")
    out.write_text("\n".join(notes) + "\n")


if __name__ == "__main__":
    main()
