"""How the recordings beside this file were made: real runs of Slippi's playback Dolphin, noted event by event.

    SLIPPI_DOLPHIN=.../dolphin-emu python tests/workers/emulator/record_playback.py REPLAY NUM_FRAMES OUT [GAME]

A recording is text: `begun N`, `written N`, `said TEXT`, `errs TEXT` (stderr), `exit STATUS`, in the order in which
they happened. Paths are replaced by REPLAY. Not a test, and not run by any.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from workers.emulator.contract import Cartridge, Deadlines
from workers.emulator.dump_watcher import DumpWatcher
from workers.emulator.inotify import CREATED, FileEvent
from workers.emulator.slippi import SlippiDolphin
from workers.errors import FarmError
from workers.standin.build import IMAGE

notes: list[str] = []


class NotingWatcher(DumpWatcher):
    """Notes what the real one takes."""

    def _take(self, event: FileEvent) -> None:
        if event.name.startswith("framedump_"):
            number = event.name.removeprefix("framedump_").removesuffix(".png")
            notes.append(f"{'begun' if event.mask & CREATED else 'written'} {number}")
        super()._take(event)

    def _put(self, event: object) -> None:
        text = getattr(event, "text", None)
        if text is not None:
            notes.append("said [FILE_PATH] REPLAY" if text.startswith("[FILE_PATH]") else f"said {text}")
        super()._put(event)  # type: ignore[arg-type]


def main() -> None:
    """Play once, write the notes down, and how it ended."""
    import workers.emulator.slippi as module  # noqa: PLC0415 - its watcher is replaced, here only

    module.DumpWatcher = NotingWatcher  # type: ignore[misc]
    replay, num_frames, out = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    game = Path(sys.argv[4]) if len(sys.argv) > 4 else IMAGE
    emulator = SlippiDolphin(game, is_standin=game == IMAGE)
    deadlines = Deadlines(startup_seconds=60, progress_seconds=60, total_seconds=1200)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with emulator.play(Cartridge(replay.read_bytes(), num_frames), Path(scratch), deadlines) as events:
                for _ in events:
                    pass
        except FarmError as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
    out.write_text("\n".join(notes) + "\n")


if __name__ == "__main__":
    main()
